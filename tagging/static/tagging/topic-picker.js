/*
 * "Add a topic": a combobox after the WAI-ARIA pattern (list, selection by hand). Focus stays in the field; the
 * active option is told by aria-activedescendant. What is chosen is handed on as `affinity-topic-picker:chosen`.
 */
(() => {
    const PATIENCE = 150; // ms after the last key
    const same = (one, other) => one.trim().localeCompare(other.trim(), undefined, { sensitivity: "base" }) === 0;

    const element = (name, className, text) => {
        const made = document.createElement(name);
        if (className) made.className = className;
        if (text) made.textContent = text;
        return made;
    };

    class TopicPickerController extends window.StimulusModule.Controller {
        static targets = ["input", "list", "message"];
        static values = { url: String, page: String, failure: String, newTab: String };

        disconnect() {
            this.forget();
        }

        // Typing

        search() {
            clearTimeout(this.timer);
            this.timer = setTimeout(() => this.load(), PATIENCE);
        }

        open() {
            if (this.listTarget.hidden) this.load();
        }

        leave({ relatedTarget }) {
            if (!this.element.contains(relatedTarget)) this.close();
        }

        key(event) {
            const handler = {
                ArrowDown: () => (this.listTarget.hidden ? this.load() : this.move(1)),
                ArrowUp: () => !this.listTarget.hidden && this.move(-1),
                Enter: () => this.choose(this.active ?? this.named),
                Escape: () => this.escape(event),
            }[event.key];
            if (!handler || event.isComposing) return;
            event.preventDefault();
            handler();
        }

        escape(event) {
            if (this.listTarget.hidden && !this.inputTarget.value) return;
            event.stopPropagation(); // what the panel does on Escape comes with the next one
            if (this.listTarget.hidden) this.inputTarget.value = "";
            this.close();
        }

        // Options

        async load() {
            this.forget();
            this.loading = new AbortController();
            const query = new URLSearchParams({ q: this.inputTarget.value, page: this.pageValue });
            const headers = { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" };
            try {
                const response = await fetch(`${this.urlValue}?${query}`, { headers, signal: this.loading.signal });
                const data = await response.json();
                if (response.ok) this.show(data);
                else this.fail(data.detail);
            } catch (error) {
                if (error.name !== "AbortError") this.fail(this.failureValue);
            }
        }

        show({ items, create, message }) {
            const options = items.map((item) => this.option(item));
            if (create) options.push(this.createOption(create));
            options.forEach((option, number) => (option.id = `${this.listTarget.id}-${number}`));
            this.listTarget.replaceChildren(...options);
            this.messageTarget.textContent = message;
            this.activate(null);
            this.listTarget.hidden = !options.length;
            this.inputTarget.setAttribute("aria-expanded", String(!this.listTarget.hidden));
        }

        fail(text) {
            this.close();
            this.messageTarget.textContent = text;
        }

        option({ name, trail, synonym, note, url }) {
            const option = element("li", "affinity-picker__option");
            option.setAttribute("role", "option");
            Object.assign(option.dataset, { name, ...(url && { url }) });
            const line = element("span", "affinity-picker__line");
            if (trail) line.append(element("span", "affinity-picker__trail", `${trail} › `));
            line.append(element("strong", "", name));
            if (synonym) line.append(element("span", "affinity-picker__trail", ` (${synonym})`));
            option.append(line);
            if (note) option.append(element("span", "affinity-picker__note", note));
            return option;
        }

        createOption({ label, url }) {
            const option = element("li", "affinity-picker__option affinity-picker__option--create");
            option.setAttribute("role", "option");
            option.dataset.create = url;
            option.append(element("span", "", label), element("span", "affinity-picker__note", this.newTabValue));
            return option;
        }

        get options() {
            return [...this.listTarget.children];
        }

        get active() {
            return this.options.find((option) => option.getAttribute("aria-selected") === "true");
        }

        get named() {
            return this.options.find((option) => option.dataset.name && same(option.dataset.name, this.inputTarget.value));
        }

        move(step) {
            const { options, active } = this;
            const from = active ? options.indexOf(active) : step > 0 ? -1 : 0;
            this.activate(options[(from + step + options.length) % options.length]);
        }

        activate(chosen) {
            for (const option of this.options) option.setAttribute("aria-selected", String(option === chosen));
            if (chosen) this.inputTarget.setAttribute("aria-activedescendant", chosen.id);
            else this.inputTarget.removeAttribute("aria-activedescendant");
            chosen?.scrollIntoView({ block: "nearest" });
        }

        // Choosing

        hold(event) {
            event.preventDefault(); // the field keeps the focus
        }

        pick({ target }) {
            this.choose(target.closest("[role=option]"));
        }

        choose(option) {
            if (!option) return;
            const { name, url, create } = option.dataset;
            this.inputTarget.value = "";
            this.close();
            if (create) window.open(create, "_blank", "noopener");
            else this.dispatch("chosen", { prefix: this.identifier, detail: { name, url } });
        }

        close() {
            this.forget();
            this.listTarget.replaceChildren();
            this.listTarget.hidden = true;
            this.messageTarget.textContent = "";
            this.inputTarget.setAttribute("aria-expanded", "false");
            this.inputTarget.removeAttribute("aria-activedescendant");
        }

        forget() {
            clearTimeout(this.timer);
            this.loading?.abort();
        }
    }

    window.wagtail.app.register("affinity-topic-picker", TopicPickerController);
})();
