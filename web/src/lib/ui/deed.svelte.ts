// One thing done at a press of a button: whether it runs, and why it failed.
import { asApiError, type ApiError } from '../api/problem';

export class Deed {
	working = $state(false);
	problem = $state<ApiError | null>(null);

	/** Whether it was done. A second press while it runs does nothing. */
	async run(act: () => Promise<unknown>): Promise<boolean> {
		if (this.working) return false;
		this.working = true;
		this.problem = null;
		try {
			await act();
			return true;
		} catch (cause) {
			this.problem = asApiError(cause);
			return false;
		} finally {
			this.working = false;
		}
	}
}

/** A form that is sent: what is wrong in its fields, else why it failed. */
export class Sending extends Deed {
	fields = $state<Record<string, string>>({});
	/** Why it failed, where no field says it. */
	readonly unplaced = $derived(Object.keys(this.fields).length ? null : this.problem);

	/** Whether it was sent. Not while a field is `wrong`; a refusal may speak of fields too. */
	async send(
		wrong: Record<string, string>,
		act: () => Promise<unknown>,
		place: (refusal: ApiError) => Record<string, string> = ({ fields }) => fields
	): Promise<boolean> {
		this.fields = wrong;
		if (Object.keys(wrong).length) return false;
		const done = await this.run(act);
		this.fields = this.problem ? place(this.problem) : {};
		return done;
	}
}
