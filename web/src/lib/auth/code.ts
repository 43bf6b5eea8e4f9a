// Codes as people type them. Pure.

/** Without the spaces people put between digits; recovery codes are written in small letters. */
export const plainCode = (typed: string): string => {
	const code = typed.replace(/\s/g, '').toLowerCase();
	return /^[a-z0-9]{10}$/.test(code) ? `${code.slice(0, 5)}-${code.slice(5)}` : code;
};

export function codeProblem(typed: string, recovery = false): string | undefined {
	const code = plainCode(typed);
	if (recovery)
		return /^[a-z0-9]{5}-[a-z0-9]{5}$/.test(code) ? undefined : 'A recovery code looks like ab3de-fg7hj.';
	return /^\d{6}$/.test(code) ? undefined : 'Enter the six digits of the code.';
}

/** "ABCD EFGH ...": a key as one can type it. */
export const inFours = (key: string): string => key.replace(/(.{4})(?=.)/g, '$1 ');
