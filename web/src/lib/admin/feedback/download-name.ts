/** "novacore-feedback-2026-06-17.csv" */
export const fileName = (now: Date): string => `novacore-feedback-${now.toISOString().slice(0, 10)}.csv`;
