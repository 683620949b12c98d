/* Asks about one page after the other, by button or key; each answer is a decision that can be taken back. */
(() => {
    const KEYS = { y: "yes", n: "no", s: "skip" };
    const TYPING = "input, textarea, select, [contenteditable]";

    const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

    class AffinityTeachController extends window.StimulusModule.Controller {
        static targets = ["progress", "bar", "status", "error", "card", "answers", "finished", "summary", "undo"];
        static values = { texts: Object };

        connect() {
            this.given = [];
            this.listening = new AbortController();
            document.addEventListener("keydown", (event) => this.pressed(event), { signal: this.listening.signal });
            this.show();
        }

        disconnect() {
            this.listening.abort();
        }

        pressed(event) {
            if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.closest?.(TYPING)) return;
            if (event.key === "u" && this.given.length) this.undo();
            else if (KEYS[event.key] && this.card) this.give(KEYS[event.key]);
            else return;
            event.preventDefault();
        }

        answer({ params: { name } }) {
            this.give(name);
        }

        async give(name) {
            const { card } = this;
            if (!card || this.busy) return;
            if (name !== "skip" && !(await this.post(card.dataset[name]))) return;
            this.given.push(name);
            this.say(name, card);
            this.show();
        }

        async undo() {
            const card = this.cardTargets[this.given.length - 1];
            if (this.busy || !card) return;
            if (this.given.at(-1) !== "skip" && !(await this.post(card.dataset.undo))) return;
            this.given.pop();
            this.say("undo", card);
            this.show();
        }

        // Returns whether the server did it.
        async post(url) {
            this.busy = true;
            this.element.setAttribute("aria-busy", "true");
            let problem = "";
            try {
                const config = JSON.parse(document.getElementById("wagtail-config").textContent);
                const headers = { Accept: "application/json", [config.CSRF_HEADER_NAME]: config.CSRF_TOKEN };
                const response = await fetch(url, { method: "POST", headers });
                if (!response.ok) problem = (await response.json()).detail;
            } catch {
                problem = this.textsValue.offline;
            }
            this.busy = false;
            this.element.removeAttribute("aria-busy");
            this.errorTarget.textContent = problem;
            this.errorTarget.hidden = !problem;
            return !problem;
        }

        get card() {
            return this.cardTargets[this.given.length];
        }

        say(name, card) {
            this.statusTarget.textContent = filled(this.textsValue[name], { page: card.dataset.title });
        }

        show() {
            const { length: done } = this.given;
            const { length: total } = this.cardTargets;
            const isFinished = done === total;
            this.cardTargets.forEach((card, number) => (card.hidden = number !== done));
            this.barTarget.value = done;
            this.progressTarget.textContent = filled(this.textsValue.progress, { number: Math.min(done + 1, total), total });
            this.answersTarget.hidden = isFinished;
            this.finishedTarget.hidden = !isFinished;
            this.undoTarget.hidden = !done;
            if (isFinished) {
                const count = (name) => this.given.filter((answer) => answer === name).length;
                const counts = { yes: count("yes"), no: count("no"), skip: count("skip") };
                this.summaryTarget.textContent = filled(this.textsValue.finished, counts);
            }
            (isFinished ? this.finishedTarget : this.card).focus({ preventScroll: true });
        }
    }

    window.wagtail.app.register("affinity-teach", AffinityTeachController);
})();
