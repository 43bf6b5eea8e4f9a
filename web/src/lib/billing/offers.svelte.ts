// Whether this server sells plans, for what leads to them. Asked once; who cannot be told is led nowhere.
import { api, take } from '../api/client';

class Offers {
	billing = $state(false);
	#asked = false;

	async want(): Promise<void> {
		if (this.#asked) return;
		this.#asked = true;
		try {
			this.billing = (await take(api.GET('/api/billing/plans'))).billing === true;
		} catch {
			// Nobody asked to see it: it is asked again when the menu is drawn again.
			this.#asked = false;
		}
	}
}

export const offers = new Offers();
