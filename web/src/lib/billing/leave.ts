// Away from this page to the payment service, in this tab.
import { ApiError } from '../api/problem';

/** As long as a press may wait for the other page to come. */
const PATIENCE_MS = 20_000;

/** Goes there; settles only when the person is back or nothing came, so that a button stays busy until then. */
export function leaveTo(address: string): Promise<void> {
	if (!/^https?:\/\//.test(address)) throw new ApiError(0, { code: 'address_strange' });
	location.assign(address);
	return new Promise((resolve) => {
		setTimeout(resolve, PATIENCE_MS);
		window.addEventListener('pageshow', () => resolve(), { once: true });
	});
}
