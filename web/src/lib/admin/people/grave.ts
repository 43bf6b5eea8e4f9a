// The grave things that can be done to somebody's account: what will happen, and the question before it.
import type { Asking } from '../Action.svelte';

interface Grave {
	says: string;
	verb: string;
	busy: string;
	done?: string;
	confirm?: Asking;
}

export const GRAVE = {
	make: (email: string): Grave => ({
		says: 'They may then do everything you may: see all accounts, invite, disable and delete people.',
		verb: 'Make administrator',
		busy: 'Making…',
		done: 'They are an administrator now.',
		confirm: {
			title: 'Make them administrator?',
			says: `${email} may then do everything you may, to your account too. They still cannot read anybody’s messages or memories.`,
			keep: 'Leave it',
			danger: false
		}
	}),
	unmake: (email: string): Grave => ({
		says: 'They stay a member and keep everything of theirs, but no longer run this server.',
		verb: 'Unmake administrator',
		busy: 'Changing…',
		done: 'They are a member now.',
		confirm: {
			title: 'Unmake this administrator?',
			says: `${email} can no longer open these pages, from now on. Their account and all that is theirs stay.`,
			keep: 'Leave it'
		}
	}),
	disable: (email: string): Grave => ({
		says: 'They are signed out everywhere and cannot sign in. Everything of theirs stays, until you enable them again.',
		verb: 'Disable',
		busy: 'Disabling…',
		done: 'Disabled. They are signed out everywhere.',
		confirm: {
			title: 'Disable this account?',
			says: `${email} is signed out everywhere at once and cannot sign in; their API tokens stop working. Nothing is deleted.`,
			keep: 'Leave it'
		}
	}),
	enable: (): Grave => ({
		says: 'They can sign in again and find everything as they left it.',
		verb: 'Enable',
		busy: 'Enabling…',
		done: 'Enabled. They can sign in again.'
	}),
	remove: (email: string): Grave => ({
		says: 'Deletes the account with every conversation and memory of theirs. It cannot be taken back.',
		verb: 'Delete the account',
		busy: 'Deleting…',
		confirm: {
			title: 'Delete this account for good?',
			says: `Everything of ${email} is erased: conversations, memories, tokens. Backups made before still hold it until they are replaced. Disabling would keep it.`,
			keep: 'Keep the account',
			typed: email
		}
	})
} as const;
