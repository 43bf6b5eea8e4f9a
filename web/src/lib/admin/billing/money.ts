// Money in words. Amounts come in the smallest unit as the payment service counts it, which is not what a browser
// knows of a currency: the forint has two decimals there, the Icelandic króna too. Pure.
const WHOLE = 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' ');
const THOUSANDTHS = ['bhd', 'jod', 'kwd', 'omr', 'tnd'];

const digitsOf = (currency: string): number =>
	WHOLE.includes(currency) ? 0 : THOUSANDTHS.includes(currency) ? 3 : 2;

/** "$12.50", "¥1,200". */
export function money(amount: number, currency: string): string {
	const code = currency.toLowerCase();
	const digits = digitsOf(code);
	const value = amount / 10 ** digits;
	try {
		return new Intl.NumberFormat('en', {
			style: 'currency',
			currency: code,
			minimumFractionDigits: digits,
			maximumFractionDigits: digits
		}).format(value);
	} catch {
		// Not a currency as browsers know them: the number and the word it came with.
		return `${value.toFixed(digits)} ${currency.toUpperCase()}`;
	}
}

/** Several currencies are not added up. */
export const moneyWords = (sums: readonly { currency: string; amount: number }[]): string =>
	sums.length
		? new Intl.ListFormat('en').format(sums.map((sum) => money(sum.amount, sum.currency)))
		: 'nothing';
