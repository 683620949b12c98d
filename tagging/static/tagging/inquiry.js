/*
 * A question that a worker answers while the editor waits: sends the form around it, then polls for the answer.
 */
(() => {
    const FIRST_POLL = 500;
    const LONGEST_POLL = 3000;
    const PATIENCE = 180000;

    class AffinityInquiryController extends window.StimulusModule.Controller {
        static targets = ["button", "status", "error", "output"];
        static values = { url: String, offline: String, late: String, outdated: String, extra: Object, auto: Boolean };

        connect() {
            this.turn = 0;
            this.form = this.element.closest("form");
            this.changed = () => this.formChanged();
            this.form?.addEventListener("input", this.changed);
            if (this.autoValue) this.ask();
        }

        disconnect() {
            this.turn += 1;
            this.form?.removeEventListener("input", this.changed);
        }

        async ask() {
            const turn = ++this.turn;
            this.show({ busy: true });
            try {
                const response = await fetch(this.urlValue, { method: "POST", headers: this.headers, body: this.question });
                const asked = await response.json();
                if (turn !== this.turn) return;
                if (!response.ok) return this.show({ error: asked.detail });
                this.show({ status: asked.message, busy: true });
                await this.poll(asked.url, turn);
            } catch {
                if (turn === this.turn) this.show({ error: this.offlineValue });
            }
        }

        async poll(url, turn) {
            const until = Date.now() + PATIENCE;
            for (let delay = FIRST_POLL; Date.now() < until; delay = Math.min(delay * 1.5, LONGEST_POLL)) {
                await new Promise((resolve) => setTimeout(resolve, delay));
                if (turn !== this.turn) return;
                const response = await fetch(url, { headers: this.headers });
                const found = await response.json();
                if (turn !== this.turn) return;
                if (!response.ok) return this.show({ error: found.detail });
                if (found.done) return this.show({ status: found.message, html: found.html });
            }
            this.show({ error: this.lateValue });
        }

        formChanged() {
            if (!this.outputTarget.childElementCount) return;
            this.turn += 1;
            this.outputTarget.dataset.outdated = "";
            this.show({ status: this.outdatedValue, html: null });
        }

        // `html` of null leaves the answer as it is.
        show({ status = "", error = "", html = "", busy = false }) {
            this.statusTarget.textContent = status;
            this.statusTarget.classList.toggle("w-sr-only", Boolean(html)); // the answer says it, too
            this.errorTarget.textContent = error;
            this.errorTarget.hidden = !error;
            if (html !== null) {
                this.outputTarget.innerHTML = html;
                delete this.outputTarget.dataset.outdated;
            }
            this.element.toggleAttribute("aria-busy", busy);
            if (this.hasButtonTarget) this.buttonTarget.disabled = busy;
        }

        get question() {
            const body = new URLSearchParams(this.form ? new FormData(this.form) : []);
            body.delete("csrfmiddlewaretoken");
            for (const [name, value] of Object.entries(this.extraValue)) body.set(name, value);
            return body;
        }

        get headers() {
            const config = JSON.parse(document.getElementById("wagtail-config").textContent);
            return {
                Accept: "application/json",
                "X-Requested-With": "XMLHttpRequest",
                [config.CSRF_HEADER_NAME]: config.CSRF_TOKEN,
            };
        }
    }

    window.wagtail.app.register("affinity-inquiry", AffinityInquiryController);
})();
