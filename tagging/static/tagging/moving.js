/* Moves pages from one topic to another, some at a time, and shows how far that has come. */
(() => {
    class AffinityMovingController extends window.StimulusModule.Controller {
        static targets = ["bar", "status", "blocked", "reason", "list"];
        static values = { url: String, offline: String };

        connect() {
            this.explanation = this.reasonTarget.textContent;
            this.run();
        }

        async run() {
            this.blockedTarget.hidden = true;
            for (let left = Infinity; ; ) {
                let answer;
                try {
                    const response = await fetch(this.urlValue, { method: "POST", headers: this.headers });
                    answer = await response.json();
                    if (!response.ok) return this.stop(answer.detail);
                } catch {
                    return this.stop(this.offlineValue);
                }
                if (answer.url) return window.location.assign(answer.url);
                this.barTarget.value = answer.done;
                this.statusTarget.textContent = answer.message;
                if (answer.left >= left && answer.blocked.length === answer.left) {
                    return this.stop(this.explanation, answer.blocked);
                }
                left = answer.left;
            }
        }

        stop(reason, pages = []) {
            this.reasonTarget.textContent = reason;
            this.listTarget.replaceChildren(
                ...pages.map(({ title, reason: why }) => {
                    const item = document.createElement("li");
                    item.textContent = `${title}: ${why}`;
                    return item;
                }),
            );
            this.blockedTarget.hidden = false;
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

    window.wagtail.app.register("affinity-moving", AffinityMovingController);
})();
