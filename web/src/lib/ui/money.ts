// Amounts of money in words. The server gives them whole, in the smallest unit as the payment service counts it, which
// is not always the smallest coin of the currency. Pure.

/** Counted in whole units. */
const WHOLE = 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' ');
const THOUSANDTHS = 'bhd jod kwd omr tnd'.split(' ');

/** How many of the last digits are a fraction. */
function fraction(currency: string): number {
	if (WHOLE.includes(currency)) return 0;
	return THOUSANDTHS.includes(currency) ? 3 : 2;
}

/** "$29.00", "¥500", "KWD 5.120": nothing is rounded away. */
export function money(amount: number, currency: string): string {
	const code = currency.toLowerCase();
	const digits = fraction(code);
	const value = amount / 10 ** digits;
	try {
		const style = { style: 'currency', currency: code } as const;
		const usual = new Intl.NumberFormat('en', style).resolvedOptions().maximumFractionDigits ?? digits;
		const shown = Number.isInteger(value) ? usual : Math.max(usual, digits);
		return value.toLocaleString('en', {
			...style,
			minimumFractionDigits: shown,
			maximumFractionDigits: shown
		});
	} catch {
		// Not a currency this browser could write.
		return `${value.toFixed(digits)} ${currency.toUpperCase()}`;
	}
}

/** Several currencies are not added up. */
export const moneyWords = (sums: readonly { currency: string; amount: number }[]): string =>
	sums.length
		? new Intl.ListFormat('en').format(sums.map((sum) => money(sum.amount, sum.currency)))
		: 'nothing';
