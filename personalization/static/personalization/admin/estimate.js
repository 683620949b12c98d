/* Counts, while the rules of a segment are edited, how many visitors they would match. */
(() => {
  const { Controller } = window.StimulusModule;
  const PAUSE = 600;

  class EstimateController extends Controller {
    static targets = ["output"];

    static values = { url: String, failed: String };

    connect() {
      this.form = this.element.closest("form");
      this.schedule = () => {
        window.clearTimeout(this.timer);
        this.timer = window.setTimeout(() => this.refresh(), PAUSE);
      };
      this.form.addEventListener("input", this.schedule);
      this.form.addEventListener("change", this.schedule);
      // Adding, moving and deleting rules fire no input event.
      this.observer = new MutationObserver(this.schedule);
      this.observer.observe(this.form, { childList: true, subtree: true, attributes: true, attributeFilter: ["value"] });
      this.schedule();
    }

    disconnect() {
      window.clearTimeout(this.timer);
      this.observer.disconnect();
      this.form.removeEventListener("input", this.schedule);
      this.form.removeEventListener("change", this.schedule);
      this.request?.abort();
    }

    async refresh() {
      const rules = [...new FormData(this.form)].filter(([name]) => name === "match" || name.startsWith("rules-"));
      const body = new URLSearchParams(rules);
      if (body.toString() === this.asked) return;
      this.asked = body.toString();
      this.request?.abort();
      this.request = new AbortController();
      body.set("csrfmiddlewaretoken", this.form.elements.csrfmiddlewaretoken.value);
      try {
        const response = await fetch(this.urlValue, { method: "POST", body, signal: this.request.signal });
        if (!response.ok) throw new Error(response.statusText);
        this.outputTarget.innerHTML = await response.text();
      } catch (error) {
        if (error.name === "AbortError") return;
        this.outputTarget.textContent = this.failedValue;
      }
    }
  }

  window.wagtail.app.register("affinity-estimate", EstimateController);
})();
