/* Asks the server anew, while a form is edited, what it would come to. Each script that does so builds on this class. */
(() => {
  const { Controller } = window.StimulusModule;

  window.AffinityWhileEdited = class extends Controller {
    static pause = 600;

    static targets = ["output"];

    static values = { url: String, failed: String };

    connect() {
      this.form = this.element.closest("form");
      this.schedule = () => {
        window.clearTimeout(this.timer);
        this.timer = window.setTimeout(() => this.refresh(), this.constructor.pause);
      };
      this.form.addEventListener("input", this.schedule);
      this.form.addEventListener("change", this.schedule);
      // What is added, moved, deleted or chosen fires no input event.
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

    // The form's fields that decide the answer, as pairs.
    fields() {
      return [...new FormData(this.form)].filter(([, value]) => typeof value === "string");
    }

    async refresh() {
      const body = new URLSearchParams(this.fields());
      if (body.toString() === this.asked) return;
      this.asked = body.toString();
      this.request?.abort();
      this.request = new AbortController();
      body.set("csrfmiddlewaretoken", this.form.elements.csrfmiddlewaretoken.value);
      this.outputTarget.setAttribute("aria-busy", "true");
      try {
        const response = await fetch(this.urlValue, { method: "POST", body, signal: this.request.signal });
        if (!response.ok) throw new Error(response.statusText);
        this.show(await response.text());
      } catch (error) {
        if (error.name === "AbortError") return;
        this.fail(); // and ask again at the next change, not before: a site in trouble is left alone
      }
      this.outputTarget.removeAttribute("aria-busy");
    }

    show(html) {
      this.outputTarget.innerHTML = html;
    }

    fail() {
      this.outputTarget.textContent = this.failedValue;
    }
  };
})();
