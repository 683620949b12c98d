/* Counts, while the rules of a segment are edited, how many visitors they would match. */
(() => {
  class EstimateController extends window.AffinityWhileEdited {
    fields() {
      return super.fields().filter(([name]) => name === "match" || name.startsWith("rules-"));
    }
  }

  window.wagtail.app.register("affinity-estimate", EstimateController);
})();
