/* Draws, while a placement is edited, the list that it would show; and the value beside each slider. */
(() => {
  class PreviewController extends window.AffinityWhileEdited {
    static pause = 250;

    static targets = ["output", "status"];

    // Screen readers are told in one sentence, not the whole list at each step of a slider.
    show(html) {
      super.show(html);
      this.statusTarget.textContent = this.outputTarget.querySelector("[data-status]")?.dataset.status || "";
    }

    fail() {
      super.fail();
      this.statusTarget.textContent = this.failedValue;
    }
  }

  class SliderController extends window.StimulusModule.Controller {
    connect() {
      const [input, output] = [this.element.querySelector("input"), this.element.querySelector("output")];
      this.show = () => (output.value = input.value);
      input.addEventListener("input", this.show);
      this.show();
    }
  }

  window.wagtail.app.register("affinity-preview", PreviewController);
  window.wagtail.app.register("affinity-slider", SliderController);
})();
