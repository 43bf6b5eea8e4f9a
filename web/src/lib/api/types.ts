// The one place that names the generated schemas; everything else imports these words.
import type { components } from './schema';

type Schemas = components['schemas'];

export type Problem = Schemas['Problem'];
export type Status = Schemas['Status'];
export type User = Schemas['User'];
export type SignedIn = Schemas['SignedIn'];
export type SignIn = Schemas['SignIn'];
export type Models = Schemas['Models'];
export type ChatSession = Schemas['ChatSession'];
export type Message = Schemas['Message'];
export type RecalledMemory = Schemas['RecalledMemory'];
export type Memory = Schemas['Memory'];
