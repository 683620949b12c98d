/* Copies a line of code to the clipboard; selects it where the browser does not allow that. */
(() => {
  const { Controller } = window.StimulusModule;

  class CopyController extends Controller {
    static targets = ["text", "status"];

    static values = { copied: String };

    async copy() {
      try {
        await navigator.clipboard.writeText(this.textTarget.textContent);
        this.statusTarget.textContent = this.copiedValue;
      } catch {
        window.getSelection().selectAllChildren(this.textTarget);
      }
    }
  }

  window.wagtail.app.register("affinity-copy", CopyController);
})();
