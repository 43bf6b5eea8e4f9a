// Passkeys: the browser's ceremony around the server's options. JSON carries bytes as base64url; browsers that cannot
// convert it themselves are helped.
import { ApiError } from '../api/problem';

export const passkeysHere = (): boolean =>
	typeof PublicKeyCredential !== 'undefined' && typeof navigator.credentials?.get === 'function';

export function toBytes(text: string): Uint8Array<ArrayBuffer> {
	const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
	return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

export function toText(bytes: ArrayBuffer): string {
	const plain = String.fromCharCode(...new Uint8Array(bytes));
	return btoa(plain).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

const described = (list: PublicKeyCredentialDescriptorJSON[] | undefined) =>
	list?.map(({ id, transports }) => ({
		type: 'public-key' as const,
		id: toBytes(id),
		...(transports ? { transports: transports as AuthenticatorTransport[] } : {})
	}));

export function requestOptions(
	json: PublicKeyCredentialRequestOptionsJSON
): PublicKeyCredentialRequestOptions {
	if (typeof PublicKeyCredential.parseRequestOptionsFromJSON === 'function')
		return PublicKeyCredential.parseRequestOptionsFromJSON(json);
	const { timeout, rpId, userVerification } = json;
	return {
		challenge: toBytes(json.challenge),
		allowCredentials: described(json.allowCredentials),
		timeout,
		rpId,
		userVerification: userVerification as UserVerificationRequirement | undefined
	};
}

export function creationOptions(
	json: PublicKeyCredentialCreationOptionsJSON
): PublicKeyCredentialCreationOptions {
	if (typeof PublicKeyCredential.parseCreationOptionsFromJSON === 'function')
		return PublicKeyCredential.parseCreationOptionsFromJSON(json);
	return {
		challenge: toBytes(json.challenge),
		rp: json.rp,
		user: { ...json.user, id: toBytes(json.user.id) },
		pubKeyCredParams: json.pubKeyCredParams as PublicKeyCredentialParameters[],
		excludeCredentials: described(json.excludeCredentials),
		timeout: json.timeout,
		attestation: json.attestation as AttestationConveyancePreference | undefined,
		authenticatorSelection: json.authenticatorSelection
	};
}

/** The schema knows an object in both directions, not what the browsers' standard says of it. */
type Opaque = Record<string, never>;

export function credentialJson(credential: PublicKeyCredential): unknown {
	if (typeof credential.toJSON === 'function') return credential.toJSON();
	const { response } = credential;
	const parts: Record<string, unknown> = { clientDataJSON: toText(response.clientDataJSON) };
	if ('attestationObject' in response) {
		const made = response as AuthenticatorAttestationResponse;
		parts['attestationObject'] = toText(made.attestationObject);
		parts['transports'] = made.getTransports?.() ?? [];
	} else {
		const given = response as AuthenticatorAssertionResponse;
		parts['authenticatorData'] = toText(given.authenticatorData);
		parts['signature'] = toText(given.signature);
		if (given.userHandle) parts['userHandle'] = toText(given.userHandle);
	}
	return {
		id: credential.id,
		rawId: toText(credential.rawId),
		type: credential.type,
		clientExtensionResults: credential.getClientExtensionResults(),
		response: parts
	};
}

/** What the browser's dialog ended with, when it was no passkey, in words. */
function ended(cause: unknown): ApiError {
	const name = cause instanceof Error ? cause.name : '';
	const says =
		name === 'InvalidStateError'
			? 'This device has a passkey for this account already.'
			: name === 'NotAllowedError' || name === 'AbortError'
				? 'The browser gave no passkey: it was cancelled, took too long, or there is none for this address. Nothing changed.'
				: 'This browser cannot use passkeys at this address. They need https, or localhost.';
	return new ApiError(0, { code: 'passkey_cancelled', error: says });
}

export async function askPasskey(options: object): Promise<Opaque> {
	const { publicKey } = options as { publicKey: PublicKeyCredentialRequestOptionsJSON };
	let credential: Credential | null;
	try {
		credential = await navigator.credentials.get({ publicKey: requestOptions(publicKey) });
	} catch (cause) {
		throw ended(cause);
	}
	return credentialJson(credential as PublicKeyCredential) as Opaque;
}

export async function makePasskey(options: object): Promise<Opaque> {
	const { publicKey } = options as { publicKey: PublicKeyCredentialCreationOptionsJSON };
	let credential: Credential | null;
	try {
		credential = await navigator.credentials.create({ publicKey: creationOptions(publicKey) });
	} catch (cause) {
		throw ended(cause);
	}
	return credentialJson(credential as PublicKeyCredential) as Opaque;
}
