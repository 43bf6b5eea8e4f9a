// Ratings in words, so that no colour and no counting is needed.
const WORDS = ['Bad', 'Poor', 'Fair', 'Good', 'Very good'];

export const ratingWords = (rating: number): string => `${rating} of 5, ${WORDS[rating - 1] ?? 'unknown'}`;

/** Five signs, so many of them filled. */
export const starsOf = (rating: number): boolean[] => WORDS.map((_, index) => index < rating);

/** "novacore-feedback-2026-06-17.csv" */
export const fileName = (now: Date): string => `novacore-feedback-${now.toISOString().slice(0, 10)}.csv`;
