/*
 * The review queue: an editor decides by keyboard or mouse, rows are marked at once, and the server is told in the
 * background, one request after the other in the order of the decisions. What the server refuses is put back, with
 * its reason. Every decision, be it on one row or on a thousand, is a batch that "Undo" takes back as a whole.
 */
(() => {
    const CHUNK = 10; // items in one request: it is answered in a second or two
    const LISTED = 20; // problems that are told one by one
    const KEYS_OFF = "affinity-review-keys-off";
    const TYPING = "input:not([type=checkbox]), textarea, select, [contenteditable]:not([contenteditable=false])";
    const MOVES = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };
    const DECISIONS = { a: "accept", Enter: "accept", r: "reject" };

    const config = () => JSON.parse(document.getElementById("wagtail-config").textContent);
    const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
    const itemOf = ({ dataset: { pair, topic, page } }) => ({ pair, topic, page });
    const checkboxOf = (row) => row.querySelector("[data-w-bulk-target]");

    class AffinityReviewController extends window.StimulusModule.Controller {
        static targets = [
            ...["results", "row", "left", "keys", "keySwitch", "keyList", "finished", "finishedText", "next"],
            ...["selection", "selected", "everything", "progress", "progressText", "said", "undo"],
            ...["problems", "problemCount", "problemList"],
        ];
        static values = { url: String, texts: Object };

        initialize() {
            this.batches = []; // what can be undone, the newest last
            this.decided = new Map(); // pair → the batch that decided it
            this.problems = [];
            this.queue = Promise.resolve();
            this.waiting = 0;
            this.everything = false; // whether all that matches is selected, on every page of the list
        }

        connect() {
            const [section] = this.keyListTarget.content.cloneNode(true).children;
            document.querySelector("#keyboard-shortcuts-dialog tbody")?.before(section);
            this.keySection = section;
        }

        disconnect() {
            this.keySection.remove();
        }

        // Decisions

        decideRow({ currentTarget: button, params: { decision } }) {
            const row = button.closest("article");
            if (decision === "undo") this.takeBack(this.decided.get(row.dataset.pair), [itemOf(row)]);
            else this.decide(decision, [itemOf(row)], button);
        }

        async decideSelected({ params: { decision } }) {
            const items = this.everything ? await this.matching() : this.selectedRows.map(itemOf);
            this.selectNothing();
            this.decide(decision, items);
        }

        decide(decision, wanted, button = null) {
            const items = wanted.filter(({ pair }) => !this.decided.has(pair));
            if (!items.length) return;
            const batch = { decision, items, receipts: new Map(), settled: false, stopped: false };
            this.batches.push(batch);
            items.forEach((item) => this.mark(item, batch));
            this.tell(decision, items);
            this.moveOn(items, button && decision);
            this.enqueue(() => this.send(batch));
        }

        async send(batch) {
            const body = (chunk) => ({
                decision: batch.decision,
                pairs: chunk.map(({ pair }) => pair.split("-").map(Number)),
            });
            const answered = (item, { receipt, problem }) => {
                if (problem) this.putBack(item, batch, problem);
                else batch.receipts.set(item.pair, receipt); // none where somebody else had decided so before
            };
            const rest = await this.inChunks(batch, batch.items, body, answered);
            rest.forEach((item) => this.putBack(item, batch));
            batch.settled = true;
        }

        undo() {
            const batch = this.batches.at(-1);
            if (batch) this.takeBack(batch);
        }

        takeBack(batch, items = batch.items) {
            if (items === batch.items) batch.stopped = true;
            this.forget(batch, items);
            items.forEach((item) => this.unmark(item, batch));
            this.tell("undo", items);
            this.focusRow(items.map(({ pair }) => this.rowOf(pair)).find(Boolean));
            this.enqueue(() => this.sendUndo(batch, items));
        }

        async sendUndo(batch, items) {
            const ours = items.filter(({ pair }) => batch.receipts.get(pair)); // what failed needs no undoing
            for (const item of items.filter(({ pair }) => batch.receipts.get(pair) === null)) {
                this.stayDecided(item, batch, { again: false, problem: this.textsValue.theirs });
            }
            const body = (chunk) => ({ decision: "undo", receipts: chunk.map(({ pair }) => batch.receipts.get(pair)) });
            const answered = (item, { status, problem }) => {
                if (problem) this.stayDecided(item, batch, { again: !status, problem });
            };
            const rest = await this.inChunks({ stopped: false }, ours, body, answered);
            rest.forEach((item) => this.stayDecided(item, batch, { again: true }));
        }

        putBack(item, batch, problem = "") {
            this.forget(batch, [item]);
            this.unmark(item, batch);
            this.tellProblem(item, problem);
        }

        stayDecided(item, batch, { again, problem = "" }) {
            this.mark(item, batch);
            if (again) {
                batch.items.push(item);
                if (!this.batches.includes(batch)) this.batches.push(batch);
            }
            this.tellProblem(item, problem);
        }

        forget(batch, items) {
            const pairs = new Set(items.map(({ pair }) => pair));
            batch.items = batch.items.filter(({ pair }) => !pairs.has(pair));
            if (!batch.items.length) this.batches = this.batches.filter((other) => other !== batch);
        }

        // Requests

        enqueue(job) {
            this.waiting += 1;
            this.queue = this.queue
                .then(job)
                .catch(console.error)
                .finally(() => {
                    this.waiting -= 1;
                    this.progressTarget.hidden = true;
                    this.refresh();
                });
        }

        /** Post items some at a time, and hand on what became of each. Returns those that were not sent. */
        async inChunks(run, items, body, answered) {
            this.running = run;
            for (let start = 0; start < items.length; start += CHUNK) {
                if (run.stopped) return items.slice(start);
                if (items.length > CHUNK) this.showProgress(start, items.length);
                const chunk = items.slice(start, start + CHUNK);
                const outcomes = await this.post(body(chunk));
                const unheard = { problem: this.textsValue.offline };
                chunk.forEach((item, number) => answered(item, outcomes?.[number] ?? unheard));
                if (!outcomes) run.stopped = true; // the server is away: what is left would fail as well
                this.refresh();
            }
            return [];
        }

        stop() {
            this.running.stopped = true;
        }

        async post(body) {
            try {
                const { CSRF_HEADER_NAME: name, CSRF_TOKEN: token } = config();
                const headers = { "Content-Type": "application/json", "X-Requested-With": "XMLHttpRequest", [name]: token };
                const response = await fetch(this.urlValue, { method: "POST", headers, body: JSON.stringify(body) });
                return response.ok ? (await response.json()).outcomes : null;
            } catch {
                return null;
            }
        }

        async matching() {
            try {
                return (await (await fetch(this.resultsTarget.dataset.matchingUrl)).json()).items;
            } catch {
                this.say(this.textsValue.offline);
                return [];
            }
        }

        leave(event) {
            if (this.waiting) event.preventDefault();
        }

        async goOn(event) {
            event.preventDefault();
            const { href } = event.currentTarget;
            await this.queue;
            window.location.assign(href);
        }

        // Keys

        get keysOn() {
            return config().KEYBOARD_SHORTCUTS_ENABLED && !localStorage.getItem(KEYS_OFF);
        }

        keysTargetConnected(label) {
            label.hidden = !config().KEYBOARD_SHORTCUTS_ENABLED;
            this.keySwitchTarget.checked = this.keysOn;
        }

        switchKeys({ currentTarget: { checked } }) {
            if (checked) localStorage.removeItem(KEYS_OFF);
            else localStorage.setItem(KEYS_OFF, "1");
        }

        press(event) {
            const { target, ctrlKey, metaKey, altKey, shiftKey } = event;
            if (ctrlKey || metaKey || altKey || shiftKey || event.defaultPrevented || !this.keysOn) return;
            const isHere = target === document.body || target.closest("#main"); // and not in a dialog
            if (!isHere || target.closest(TYPING)) return;
            const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
            if ((key.startsWith("Arrow") && !this.current) || (key === "Enter" && target !== this.current)) return;
            if (this.act(key, event.repeat)) event.preventDefault();
        }

        /** Do what a key says; returns whether it says anything here. A key that is held down decides once. */
        act(key, isRepeated) {
            const row = this.current;
            if (key in MOVES) this.step(MOVES[key]);
            else if (isRepeated) return false;
            else if (key === "u") this.undo();
            else if (key === "x" && row) checkboxOf(row).click();
            else if (key in DECISIONS && this.selectionSize) this.decideSelected({ params: { decision: DECISIONS[key] } });
            else if (key in DECISIONS && row) this.decide(DECISIONS[key], [itemOf(row)]);
            else return false;
            return true;
        }

        // Where the editor is

        get current() {
            return document.activeElement?.closest("[data-affinity-review-target=row]");
        }

        step(by) {
            const rows = this.rowTargets;
            const index = rows.indexOf(this.current);
            this.focusRow(index < 0 ? rows.find((row) => this.isOpen(row)) : rows[index + by]);
        }

        moveOn(items, decision) {
            const rows = this.rowTargets;
            const last = Math.max(...items.slice(0, rows.length).map(({ pair }) => rows.indexOf(this.rowOf(pair))));
            const open = rows.filter((row) => this.isOpen(row));
            const next = open.find((row) => rows.indexOf(row) > last) ?? open[0];
            if (next) this.focusRow(next, decision);
            else this.nextTarget.focus();
        }

        /** Focus a row, or where an editor goes from button to button, the same button of that row. */
        focusRow(row, decision = null) {
            if (!row) return;
            (decision ? row.querySelector(`.affinity-review__${decision}`) : row).focus({ preventScroll: true });
            row.scrollIntoView({ block: "nearest" });
        }

        // Selection

        get selectedRows() {
            return this.rowTargets.filter((row) => checkboxOf(row).checked);
        }

        get selectionSize() {
            return this.everything ? this.left : this.selectedRows.length;
        }

        select({ target }) {
            if (!target.matches("[data-w-bulk-target]")) return;
            this.everything = false;
            this.refresh();
        }

        selectEverything() {
            this.everything = true;
            this.refresh();
            this.selectionTarget.querySelector("button").focus();
        }

        selectNothing() {
            this.everything = false;
            this.selectedRows.forEach((row) => this.check(row, false));
            this.refresh();
        }

        check(row, checked) {
            const checkbox = checkboxOf(row);
            if (checkbox.checked === checked) return;
            checkbox.checked = checked;
            checkbox.dispatchEvent(new Event("change", { bubbles: true }));
        }

        // What is shown. Wagtail replaces the results whenever a filter or the search changes.

        resultsTargetConnected(results) {
            this.total = Number(results.dataset.total);
            for (const [pair, { settled }] of this.decided) {
                if (settled) this.decided.delete(pair); // the new list neither has it nor counts it
            }
            this.everything = false;
            this.refresh();
        }

        rowTargetConnected(row) {
            if (!this.isOpen(row)) this.show(row);
        }

        rowOf(pair) {
            return this.rowTargets.find((row) => row.dataset.pair === pair);
        }

        isOpen(row) {
            return !this.decided.has(row.dataset.pair);
        }

        get left() {
            return Math.max(this.total - this.decided.size, 0);
        }

        mark(item, batch) {
            this.decided.set(item.pair, batch);
            const row = this.rowOf(item.pair);
            if (row) this.show(row);
        }

        unmark(item, batch) {
            if (this.decided.get(item.pair) !== batch) return; // decided again since
            this.decided.delete(item.pair);
            const row = this.rowOf(item.pair);
            if (row) this.show(row);
        }

        show(row) {
            const decision = this.decided.get(row.dataset.pair)?.decision;
            row.toggleAttribute("data-decided", Boolean(decision));
            row.querySelector("[data-part=decided]").textContent = decision ? this.textsValue[decision].row : "";
            row.querySelector("[data-part=problem]").hidden = true;
            this.check(row, false);
            checkboxOf(row).disabled = Boolean(decision);
        }

        refresh() {
            if (!this.hasResultsTarget) return;
            const { left, selected, everything, next, finished, more } = this.textsValue;
            const open = this.rowTargets.filter((row) => this.isOpen(row)).length;
            const size = this.selectionSize;
            this.leftTarget.textContent = filled(left, { count: this.left });
            this.selectionTarget.hidden = !size;
            this.selectedTarget.textContent = filled(selected, { count: size });
            this.everythingTarget.textContent = filled(everything, { count: this.left });
            this.everythingTarget.hidden = this.everything || size < open || this.left <= open;
            this.undoTarget.hidden = !this.batches.length;
            this.finishedTarget.hidden = open > 0;
            this.finishedTextTarget.textContent = this.left ? filled(more, { count: this.left }) : finished;
            this.nextTarget.textContent = this.left ? next : this.textsValue.reload;
        }

        showProgress(done, all) {
            this.progressTarget.hidden = false;
            Object.assign(this.progressTarget.querySelector("progress"), { max: all, value: done });
            this.progressTextTarget.textContent = filled(this.textsValue.progress, { done, all });
        }

        tell(what, items) {
            const { one, many } = this.textsValue[what];
            this.say(items.length === 1 ? filled(one, items[0]) : filled(many, { count: items.length }));
            this.refresh();
        }

        say(text) {
            this.saidTarget.textContent = text;
        }

        tellProblem(item, problem) {
            if (!problem) return;
            const place = this.rowOf(item.pair)?.querySelector("[data-part=problem]");
            if (place) Object.assign(place, { textContent: problem, hidden: false });
            this.problems.push(filled(this.textsValue.problem, { ...item, problem }));
            this.problemsTarget.hidden = false;
            this.problemCountTarget.textContent = filled(this.textsValue.problems, { count: this.problems.length });
            this.problemListTarget.replaceChildren(
                ...this.problems.slice(-LISTED).map((text) => Object.assign(document.createElement("li"), { textContent: text })),
            );
        }
    }

    window.wagtail.app.register("affinity-review", AffinityReviewController);
})();
