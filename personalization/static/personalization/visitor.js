/* What a reader says: "don't show me this" in lists, the onboarding question, deleting everything.
 * All of it works without this script, too, as forms that lead to the reader's own page. */
(() => {
  "use strict";
  const { affinity } = window;
  const consentUrl = document.querySelector("script[data-consent-url]")?.dataset.consentUrl;
  if (!affinity || !consentUrl) return;
  const api = new URL("../visitor/", new URL(consentUrl, location));

  const send = async (path, body) => {
    const headers = { "Content-Type": "application/json" };
    const options = body && { method: "POST", headers, body: JSON.stringify(body) };
    const response = await fetch(new URL(path, api), { credentials: "same-origin", ...options });
    if (!response.ok) throw new Error(response.status);
    return response.json();
  };

  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  // --- "Don't show me this" ---

  const hide = async (form) => {
    const { affinityHide: id, affinityDone, affinityUndo } = form.dataset;
    const item = form.closest("[data-affinity-item]") || form.parentElement;
    const kept = [...item.childNodes];
    await send(`pages/${id}/`, { hidden: true });
    const undo = element("button", { type: "button", textContent: affinityUndo });
    const said = element("span", { id: `affinity-hidden-${id}`, textContent: affinityDone });
    undo.setAttribute("aria-describedby", said.id);
    undo.addEventListener("click", async () => {
      await send(`pages/${id}/`, { hidden: false });
      item.replaceChildren(...kept);
      form.querySelector("button").focus();
    });
    item.replaceChildren(element("p", { className: "affinity-hidden", role: "status" }, said, " ", undo));
    undo.focus();
  };

  // --- Onboarding ---

  const prepare = async (question) => {
    const state = await affinity.consent();
    const consent = question.querySelector("[data-affinity-agree]");
    if (["gpc", "dnt", "bot"].includes(state.reason)) return question.remove();
    if (!state.personalization) return;
    consent.hidden = true;
    consent.querySelector("input").required = false;
    if ((await send("onboarding/")).answered) question.remove();
  };

  const answer = async (form) => {
    const state = await affinity.consent();
    if (!state.personalization) await affinity.consent({ analytics: Boolean(state.analytics), personalization: true });
    await send("onboarding/", { topics: new FormData(form).getAll("topics").map(Number) });
    const thanks = form.querySelector("[data-affinity-thanks]");
    const question = form.closest("[data-affinity-onboarding]");
    question.replaceChildren(thanks);
    thanks.hidden = false;
    thanks.focus();
    affinity.refresh();
  };

  // --- Deleting everything ---

  const forget = async (form) => {
    await affinity.consent({ analytics: false, personalization: false });
    location.assign(form.dataset.affinityForget);
  };

  const HANDLERS = { affinityHide: hide, affinityAnswer: answer, affinityForget: forget };

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const name = Object.keys(HANDLERS).find((key) => key in form.dataset);
    if (!name) return;
    event.preventDefault();
    try {
      await HANDLERS[name](form);
    } catch {
      form.submit();
    }
  });

  document.querySelectorAll("[data-affinity-onboarding]").forEach((question) => prepare(question).catch(() => {}));
  for (const hidden of document.querySelectorAll("[data-affinity-needs-script]")) hidden.hidden = false;
})();
