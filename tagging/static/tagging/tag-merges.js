/*
 * A merge of tags that is not finished, or its undoing: asks for the next pages until none is left. Closing the page
 * stops it; it goes on where the report is opened again.
 */
(() => {
    class AffinityMergeController extends window.StimulusModule.Controller {
        static targets = ["progress", "status"];
        static values = { url: String, total: Number, failed: String };

        connect() {
            this.leaving = new AbortController();
            this.run();
        }

        disconnect() {
            this.leaving.abort();
        }

        async run() {
            try {
                for (let running = true; running; ) {
                    const response = await fetch(this.urlValue, {
                        method: "POST",
                        headers: this.headers,
                        signal: this.leaving.signal,
                    });
                    if (!response.ok) throw new Error((await response.json()).detail);
                    const { left, running: goesOn } = await response.json();
                    const done = Math.max(this.totalValue - left, 0);
                    this.progressTarget.value = done;
                    this.statusTarget.textContent = `${done} / ${this.totalValue}`;
                    running = goesOn;
                }
                window.location.reload();
            } catch (error) {
                if (error.name !== "AbortError") this.statusTarget.textContent = this.failedValue;
            }
        }

        get headers() {
            const config = JSON.parse(document.getElementById("wagtail-config").textContent);
            return { Accept: "application/json", [config.CSRF_HEADER_NAME]: config.CSRF_TOKEN };
        }
    }

    window.wagtail.app.register("affinity-merge", AffinityMergeController);
})();
