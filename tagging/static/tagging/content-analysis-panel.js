/*
 * The "Content analysis" side panel: refreshes itself while a worker is busy, and sends the editor's decisions.
 *
 * A decision may write a tag into a new revision. The form beside the panel was loaded before that, so it follows:
 * it gets (or loses) the tag, and takes over the revision, but only where it stood at the one before. Where somebody
 * else has saved in the meantime it does not, and Wagtail warns as it always does.
 */
(() => {
    const FIRST_POLL = 2000;
    const LONGEST_POLL = 30000;
    const AUTOSAVE_PATIENCE = 5000;

    // Wagtail's tag field splits its own value at every comma, also at those within the quotes that taggit writes
    // round a name with a comma. It takes the delimiter for splitting and for joining: this one does both rightly.
    const delimiter = /,(?=(?:[^"]*"[^"]*")*[^"]*$)/;
    delimiter.toString = () => ",";
    if (window.jQuery?.ui?.tagit) window.jQuery.ui.tagit.prototype.options.singleFieldDelimiter = delimiter;

    const editForm = () => document.querySelector("[data-edit-form]");

    class AffinityPanelController extends window.StimulusModule.Controller {
        static targets = ["content", "status", "error", "notice", "undo"];
        static values = { url: String, busy: Boolean, offline: String, tags: String, tagged: String };

        connect() {
            this.host = this.element.closest("[data-side-panel]");
            this.listening = new AbortController();
            const { signal } = this.listening;
            const wake = () => this.schedule(FIRST_POLL / 10);
            this.host?.addEventListener("show", wake, { signal });
            document.addEventListener("visibilitychange", wake, { signal });
            document.addEventListener("w-autosave:save", (event) => this.autosaveStarts(event), { signal });
            for (const name of ["w-autosave:success", "w-autosave:error"]) {
                document.addEventListener(name, () => (this.autosaving = false), { signal });
            }
            this.turn = 0;
            this.sending = Promise.resolve();
            this.waiting = new Set();
            this.schedule();
        }

        disconnect() {
            this.listening.abort();
            clearTimeout(this.timer);
        }

        // Polling

        schedule(first = FIRST_POLL) {
            this.delay = first;
            clearTimeout(this.timer);
            this.next();
        }

        next() {
            if (!this.busyValue || document.hidden || this.host?.hidden) return;
            this.timer = setTimeout(() => this.refresh(), this.delay);
            this.delay = Math.min(Math.max(this.delay, FIRST_POLL) * 1.5, LONGEST_POLL);
        }

        async refresh() {
            const turn = ++this.turn;
            try {
                const response = await fetch(this.urlValue, { headers: this.headers });
                if (response.status === 403 || response.status === 404) return;
                const data = response.ok ? await response.json() : null;
                if (data && turn === this.turn) {
                    const finished = this.busyValue && !data.busy;
                    this.render(data);
                    if (finished) this.tell(data.message);
                }
            } catch {
                // Offline: the next poll may get through.
            }
            if (turn === this.turn) this.next();
        }

        // Decisions

        post({ currentTarget: button, params: { url } }) {
            return this.send(url, this.placeOf(button));
        }

        // A topic was chosen by typing: focus stays in that field.
        add({ detail: { name, url } }) {
            if (url) this.send(url, null);
            else this.tag({ params: { name } });
        }

        // A page that was never saved has nothing but its form.
        tag({ params: { name, topic } }) {
            this.syncTag({ field: this.tagsValue, name: name.replaceAll('"', "'"), on: true });
            this.tell(this.taggedValue.replace("%s", name));
            this.dispatch("decided", { detail: { topic } });
        }

        // One after the other: who decides quickly loses no decision, and each finds the form as the last one left it.
        send(url, place) {
            if (this.waiting.has(url)) return this.sending; // a double click
            this.waiting.add(url);
            this.element.setAttribute("aria-busy", "true");
            this.sending = this.sending.then(() => this.request(url, place));
            return this.sending;
        }

        async request(url, place) {
            this.showError("");
            try {
                await this.autosaveSettled();
                this.holdAutosave = true;
                this.turn += 1; // what a poll brings now is out of date
                const response = await fetch(url, { method: "POST", headers: this.headers });
                await this.answered(response, place);
            } catch {
                this.showError(this.offlineValue);
            } finally {
                this.waiting.delete(url);
                if (!this.waiting.size) this.element.removeAttribute("aria-busy");
                this.releaseAutosave();
            }
        }

        async answered(response, place) {
            const data = await response.json();
            if (!response.ok) {
                this.showError(data.detail);
                return;
            }
            if (data.revision) this.adoptRevision(data.revision);
            if (data.tag) this.syncTag(data.tag);
            this.noticeTarget.dataset.affinityTopic = data.topic ?? "";
            this.render(data, place);
            this.tell(data.message, data.undo);
            if ("topic" in data) this.dispatch("decided", { detail: { topic: data.topic } });
            this.schedule();
        }

        tell(text, undo = null) {
            this.statusTarget.textContent = text;
            this.undoTarget.hidden = !undo;
            this.undoTarget.setAttribute("data-affinity-panel-url-param", undo ?? "");
        }

        get headers() {
            const config = JSON.parse(document.getElementById("wagtail-config").textContent);
            return {
                Accept: "application/json",
                "X-Requested-With": "XMLHttpRequest",
                [config.CSRF_HEADER_NAME]: config.CSRF_TOKEN,
            };
        }

        showError(text) {
            this.errorTarget.textContent = text;
            this.errorTarget.hidden = !text;
        }

        // Rendering, with focus and open details kept

        render(data, place = this.placeOf(document.activeElement)) {
            this.busyValue = data.busy;
            const open = [...this.contentTarget.querySelectorAll("details[open]")].map((e) => e.dataset.affinityKey);
            this.contentTarget.innerHTML = data.html;
            for (const details of this.contentTarget.querySelectorAll("details")) {
                details.open = open.includes(details.dataset.affinityKey);
            }
            if (place) this.focusAt(place);
            this.showCount(data.count);
        }

        placeOf(element) {
            if (!element || !(this.contentTarget.contains(element) || this.noticeTarget.contains(element))) return null;
            const row = element.closest("[data-affinity-topic]");
            const list = element.closest("[data-affinity-list]");
            return {
                topic: row?.dataset.affinityTopic,
                decision: element.dataset.affinityDecision,
                list: list?.getAttribute("data-affinity-list"),
                index: list ? [...list.children].indexOf(row) : -1,
                key: element.closest("summary")?.parentElement.dataset.affinityKey,
            };
        }

        focusAt({ topic, decision, list, index, key }) {
            const content = this.contentTarget;
            const row = content.querySelector(`[data-affinity-topic="${topic}"]`);
            const neighbours = content.querySelector(`[data-affinity-list="${list}"]`)?.children ?? [];
            // A decided suggestion leaves its list: the next one is then at its place, ready for the next decision.
            const next = neighbours[Math.min(index, neighbours.length - 1)];
            const candidates = [
                row?.querySelector(`[data-affinity-decision="${decision}"]`),
                next?.querySelector(`[data-affinity-decision="${decision}"]`),
                row?.querySelector("[data-affinity-decision]"),
                content.querySelector(`details[data-affinity-key="${key}"] > summary`),
                content.querySelector("[data-affinity-home]"),
            ];
            candidates.find((element) => element?.checkVisibility?.() ?? element)?.focus();
        }

        showCount(count) {
            const counter = document.querySelector(
                `[data-side-panel-toggle="${this.host?.dataset.sidePanel}"] [data-side-panel-toggle-counter]`,
            );
            if (!counter) return;
            counter.textContent = count;
            counter.hidden = !count;
        }

        // The form beside the panel

        syncTag({ field, name, on }) {
            const input = editForm()?.querySelector(`input[name="${CSS.escape(field)}"][data-controller~="w-tag"]`);
            if (!input || !window.jQuery) return;
            const same = (tag) => tag.replace(/^"|"$/g, "").toLowerCase() === name.toLowerCase();
            const shown = [...input.parentElement.querySelectorAll(".tagit-choice:not(.removed)")].filter((tag) =>
                same(tag.querySelector(".tagit-label").textContent),
            );
            const written = name.includes(",") ? `"${name}"` : name;
            if (on && !shown.length) window.jQuery(input).tagit("createTag", written);
            if (!on) shown.forEach((tag) => window.jQuery(input).tagit("removeTag", tag, false));
        }

        adoptRevision({ id, created_at: createdAt, replaces }) {
            const form = editForm();
            const loaded = {
                id: form?.querySelector('[name="loaded_revision_id"]'),
                createdAt: form?.querySelector('[name="loaded_revision_created_at"]'),
            };
            const session = {
                id: document.querySelector('[data-w-session-target~="revisionId"]'),
                createdAt: document.querySelector('[data-w-session-target~="revisionCreatedAt"]'),
            };
            // The session knows of autosaves, the form's own fields only of what was loaded.
            const base = session.id ? session : loaded;
            const followed = replaces && base.id?.value === String(replaces.id);
            if (!followed || (base.createdAt && base.createdAt.value !== replaces.created_at)) return;
            for (const { id: idInput, createdAt: createdAtInput } of [loaded, session]) {
                if (idInput) idInput.value = id;
                if (createdAtInput) createdAtInput.value = createdAt;
            }
            // The next autosave makes a revision of its own: the one that was adopted may be the published one.
            form.setAttribute("data-w-autosave-revision-id-value", "0");
        }

        autosaveStarts(event) {
            if (this.holdAutosave) {
                event.preventDefault();
                this.heldBack = true;
            } else {
                this.autosaving = true;
            }
        }

        async autosaveSettled() {
            const until = Date.now() + AUTOSAVE_PATIENCE;
            while (this.autosaving && Date.now() < until) {
                await new Promise((resolve) => setTimeout(resolve, 50));
            }
        }

        releaseAutosave() {
            this.holdAutosave = false;
            if (!this.heldBack) return;
            this.heldBack = false;
            editForm()?.dispatchEvent(new CustomEvent("w-unsaved:add", { bubbles: true, cancelable: true }));
        }
    }

    window.wagtail.app.register("affinity-panel", AffinityPanelController);
})();
