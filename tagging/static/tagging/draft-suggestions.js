/*
 * "Suggest for this draft": sends the editor's form as it stands, and waits for what a worker finds in it.
 *
 * What is asked outlives the element: autosave gives a new page's panel its place anew as soon as the page is saved.
 */
(() => {
    const FIRST_POLL = 1000;
    const LONGEST_POLL = 4000;
    const TOO_LARGE = [400, 413]; // Django's and a front server's answers, neither of them JSON

    let asked = null;

    const pause = (delay) => new Promise((resolve) => setTimeout(resolve, delay));
    const isJson = (response) => (response.headers.get("Content-Type") ?? "").includes("json");

    const headers = () => {
        const config = JSON.parse(document.getElementById("wagtail-config").textContent);
        return {
            Accept: "application/json",
            "X-Requested-With": "XMLHttpRequest",
            [config.CSRF_HEADER_NAME]: config.CSRF_TOKEN,
        };
    };

    // Files stay where they are: no text is read from them.
    const formData = () => {
        const fields = new FormData(document.querySelector("[data-edit-form]"));
        return new URLSearchParams([...fields].filter(([, value]) => typeof value === "string"));
    };

    class DraftController extends window.StimulusModule.Controller {
        static targets = ["ask", "help", "progress", "cancel", "status", "error", "result", "heading"];
        static values = {
            url: String,
            page: String,
            tags: String,
            patience: { type: Number, default: 60 }, // seconds
            reading: String,
            cancelled: String,
            tooLarge: String,
            noWorker: String,
            offline: String,
        };

        connect() {
            if (asked) this.follow(asked);
        }

        ask() {
            const sent = fetch(this.urlValue, { method: "POST", headers: headers(), body: formData() });
            asked = { url: this.answerUrl(sent), until: Date.now() + this.patienceValue * 1000 };
            this.resultTarget.replaceChildren();
            this.follow(asked);
            this.cancelTarget.focus();
        }

        async cancel() {
            const question = asked;
            this.finish(this.cancelledValue);
            this.forget(question);
        }

        async follow(question) {
            this.wait(true);
            try {
                const answer = await this.answer(question);
                if (answer && this.isCurrent(question)) this.show(answer);
            } catch (error) {
                if (this.isCurrent(question)) this.fail(error.detail ?? this.offlineValue);
            }
        }

        isCurrent(question) {
            return asked === question && this.element.isConnected;
        }

        async answer(question) {
            const url = await question.url;
            const query = new URLSearchParams({ page: this.pageValue, tags: this.tagsValue });
            for (let delay = FIRST_POLL; Date.now() < question.until; delay = Math.min(delay * 1.3, LONGEST_POLL)) {
                await pause(delay);
                if (!this.isCurrent(question)) return null;
                const response = await fetch(`${url}?${query}`, { headers: headers() }).catch(() => null);
                const data = response && (await this.read(response));
                if (data?.done) return data;
            }
            this.forget(question);
            throw { detail: this.noWorkerValue };
        }

        async answerUrl(sent) {
            return (await this.read(await sent)).url;
        }

        async read(response) {
            if (!isJson(response)) throw { detail: TOO_LARGE.includes(response.status) ? this.tooLargeValue : undefined };
            const data = await response.json();
            if (!response.ok) throw data; // a problem, with its detail
            return data;
        }

        async forget(question) {
            const url = await question?.url.catch(() => null);
            if (url) await fetch(url, { method: "DELETE", headers: headers() }).catch(() => null);
        }

        // What is shown

        wait(isWaiting) {
            this.progressTarget.hidden = !isWaiting;
            this.askTarget.hidden = isWaiting;
            this.helpTarget.hidden = isWaiting;
            if (isWaiting) this.statusTarget.textContent = this.readingValue;
            if (isWaiting) this.showError("");
        }

        show({ html, message }) {
            this.resultTarget.innerHTML = html;
            this.finish(message, () => this.headingTarget);
        }

        fail(text) {
            this.finish("");
            this.showError(text);
        }

        // Who waits on "Cancel" is taken to what came; who has gone on typing is left alone.
        finish(text, target = () => this.askTarget) {
            asked = null;
            const isWaiting = this.progressTarget.contains(document.activeElement);
            this.wait(false);
            this.statusTarget.textContent = text;
            if (isWaiting) target().focus();
        }

        showError(text) {
            this.errorTarget.textContent = text;
            this.errorTarget.hidden = !text;
        }

        // A topic was decided, here or elsewhere in the panel: it is no suggestion any more.
        decided({ detail: { topic } }) {
            const row = this.resultTarget.querySelector(`[data-affinity-topic="${topic}"]`);
            if (!row) return;
            const decision = row.contains(document.activeElement) && document.activeElement.dataset.affinityDecision;
            const next = row.nextElementSibling ?? row.previousElementSibling;
            row.remove();
            if (!decision) return;
            (next?.querySelector(`[data-affinity-decision="${decision}"]`) ?? this.headingTarget).focus();
        }
    }

    window.wagtail.app.register("affinity-draft", DraftController);
})();
