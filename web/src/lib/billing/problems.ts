// Why a payment page did not open: what happened, what is safe, what to do. Pure.
const REFUSED: Record<string, string> = {
	email_unverified:
		'Your address is not verified yet, so nothing was charged. Open the link you got to verify it, then choose again.',
	plan_not_for_sale: 'This plan is not for sale any more. Nothing was charged. Look at the plans again.',
	plan_unknown: 'This plan does not exist any more. Nothing was charged. Look at the plans again.',
	already_subscribed:
		'You have a subscription already, so nothing was charged. The plan is changed where you manage it.',
	billing_unavailable:
		'The payment service does not answer just now. Nothing was charged. Try again in a few minutes.',
	no_customer:
		'The payment service does not know you yet, so there is nothing to manage. It does once you have chosen a plan.',
	address_strange:
		'The server named no page of the payment service. Nothing was charged. Tell the administrator.'
};

/** In our words; null leaves it to the server's. */
export const refusalWords = (code: string): string | null => REFUSED[code] ?? null;
