// The typed client. Every call of the page goes through here and carries the access token of the session.
import createClient from 'openapi-fetch';
import { session } from '../auth/session.svelte';
import { asApiError, problemOf } from './problem';
import { STORAGE_READ_ONLY, tellReadOnly } from './refusals';
import type { Routes } from './types';

const SIGNED_OUT = ['token_missing', 'token_invalid', 'session_revoked'];

/** fetch with the access token; an expired one is renewed and the call made once more. */
export async function authorised(request: Request): Promise<Response> {
	const again = request.clone();
	let response = await send(request, await session.accessToken());
	if (response.status === 401) {
		const { code } = await problemOf(response.clone());
		if (code === 'token_expired' && (await session.renew()))
			response = await send(again, await session.accessToken());
		else if (SIGNED_OUT.includes(code) || code === 'token_expired') session.lost();
	}
	if (response.status === 503 && (await problemOf(response.clone())).code === STORAGE_READ_ONLY)
		tellReadOnly();
	return response;
}

async function send(request: Request, token: string | null): Promise<Response> {
	if (token) request.headers.set('Authorization', `Bearer ${token}`);
	try {
		return await fetch(request);
	} catch (cause) {
		if (request.signal.aborted) throw cause;
		throw asApiError(cause);
	}
}

export const api = createClient<Routes>({ baseUrl: '/', fetch: authorised });

/** Unwraps an answer of `api`: the data, or an ApiError thrown. */
export async function take<T>(
	call: Promise<{ data?: T; error?: unknown; response: Response }>
): Promise<NonNullable<T>> {
	const { data, error, response } = await call;
	if (response.ok) return data as NonNullable<T>;
	const { status, headers } = response;
	throw await problemOf(new Response(JSON.stringify(error ?? {}), { status, headers }));
}
