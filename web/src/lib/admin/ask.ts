// Asking the server for what only administrators may see or do; refusals come back in words that help.
import { take } from '../api/client';
import { ApiError, asApiError } from '../api/problem';

export const SECOND_FACTOR = 'second_factor_required';

const PLAIN: Record<string, string> = {
	last_administrator:
		'This is the only administrator, and without one nobody could run this server. Nothing was changed. Make somebody else administrator first.',
	yourself:
		'You cannot do this to your own account. Nothing was changed. Ask another administrator, or use your account page.',
	invitation_over:
		'This invitation is used up, expired or revoked, so its link opens nothing any more. Make a new one.'
};

const refusals = new EventTarget();

/** Tells when the server wants a second factor before anything administrative. It holds no state. */
export function onSecondFactor(act: () => void): () => void {
	refusals.addEventListener(SECOND_FACTOR, act);
	return () => refusals.removeEventListener(SECOND_FACTOR, act);
}

/** Unwraps an answer of `api`, as `take` does. */
export async function ask<T>(
	call: Promise<{ data?: T; error?: unknown; response: Response }>
): Promise<NonNullable<T>> {
	try {
		return await take(call);
	} catch (cause) {
		const error = plain(asApiError(cause));
		if (error.code === SECOND_FACTOR) refusals.dispatchEvent(new Event(SECOND_FACTOR));
		throw error;
	}
}

/** The same refusal, in this page's words where it has better ones. */
export function plain(error: ApiError): ApiError {
	const words = PLAIN[error.code];
	if (!words) return error;
	return new ApiError(error.status, {
		error: words,
		code: error.code,
		correlation_id: error.correlation,
		fields: error.fields
	});
}
