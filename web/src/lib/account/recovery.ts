/** The file of the recovery codes: it says what they are for and where, so that it is understood in a year. Pure. */
export const codesAsText = (codes: readonly string[], host: string): string =>
	[
		`Recovery codes for NovaCore at ${host}`,
		'Each signs in once, in place of the code of the app.',
		'',
		...codes,
		''
	].join('\n');
