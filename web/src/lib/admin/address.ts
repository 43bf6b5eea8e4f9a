// Email addresses in the administrator's forms.
export const WRONG_ADDRESS = 'Enter an email address, such as ada@example.org.';

/** Only a typing error is caught here; the server decides. */
export const isAddress = (text: string): boolean => /^\S+@\S+$/.test(text.trim());
