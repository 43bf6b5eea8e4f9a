// The pages of plans and paying. They are all "Plans", also where nothing is sold. Pure.
const PATHS = ['/plans', '/billing/success', '/billing/cancel'];

export const billingTitle = (path: string): string | undefined =>
	PATHS.includes(path) ? 'Plans' : undefined;
