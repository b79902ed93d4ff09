// The callbacks that fail now, counted for the header whatever the view.

const MOST = 200; // ids that are read; more are not counted one by one

/** Follows which callbacks of a workspace fail; `changed(text, number)` is called with their number in words. */
export class Failing {
  constructor(store, changed) {
    Object.assign(this, { store, changed, ids: new Set(), more: false, turn: 0 });
    store.on("fresh", () => this.read());
    store.on("callback", ({ id, failing }) => this.take(id, failing));
  }

  async read() {
    const turn = ++this.turn;
    this.meanwhile = [];
    const [page] = await this.store.try("GET", "callbacks", { query: { failing: true, limit: MOST } });
    if (!page || turn !== this.turn) return;
    this.ids = new Set(page.items.map(({ id }) => id));
    this.more = Boolean(page.next);
    this.meanwhile.splice(0).forEach(([id, failing]) => this.note(id, failing));
    this.tell();
  }

  take(id, failing) {
    this.meanwhile?.push([id, failing]);
    this.note(id, failing);
    if (this.more && this.ids.size < MOST / 2) this.read();
    this.tell();
  }

  note(id, failing) {
    if (failing) this.ids.add(id);
    else this.ids.delete(id);
  }

  tell() {
    this.changed(`${this.ids.size.toLocaleString("en")}${this.more ? "+" : ""}`, this.ids.size);
  }
}
