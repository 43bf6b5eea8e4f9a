/** Where the filter of the activity stands in its address. */
export function addressOf(user: string, event: string): string {
	const query = new URLSearchParams({ ...(user ? { user } : {}), ...(event ? { event } : {}) });
	return query.size ? `/admin/activity?${query}` : '/admin/activity';
}
