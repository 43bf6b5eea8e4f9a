//! SLICE: who you are. Accounts, passwords, sign-ins and the tokens that prove them.
//!
//! Enter here: the callers (`CurrentUser`, `Admin`), the handlers, and what other slices may know of
//! a user. Must stay true: a sign-in that has ended is refused from that moment on; an unknown
//! address and a wrong password cannot be told apart, in words or in time.

mod address;
mod audit;
mod caller;
mod closing;
mod confirm;
mod device;
mod enter;
mod grounds;
mod invitations;
mod keys;
mod links;
mod login;
mod mail;
mod oidc;
mod options;
mod passkeys;
mod password;
mod password_reset;
mod people;
mod register;
mod second_factor;
mod services;
mod session;
mod setup;
mod signed;
mod standing;
mod store;
mod token;
mod tokens;
mod verification;

// Who may call, in the type of a handler's argument.
pub use caller::{Admin, Caller, CurrentUser, VerifiedUser};
pub use services::{ReadMetrics, ReadUsage, RunBackup, RunJobs, ServiceCaller};
pub use tokens::{
    Anything, ChatRead, ChatWrite, McpUse, MemoryRead, MemoryWrite, OpenAi, Scope, UsageRead,
};

// What others may know of an account.
pub use people::{Accounts, count as count_accounts};
pub use session::revoked as session_revoked;
pub use standing::{Paid, Source, Standing, standing, trial_ends};
pub use store::{Method, Role, User, change_user, user, user_by_email, users};
pub use token::{PublicUser, SignedIn, has_cookie};
pub use verification::needed as verification_needed;

// What others tell: to the record of events, and by mail.
pub use audit::{Actor, Event, What, of_user as events_of};
pub use links::{Purpose as LinkPurpose, issue as issue_link, prepare as prepare_link};
pub use mail::{Facts as MailFacts, Limited, Mail, Purpose as MailPurpose};

// The end of an account, which `account` puts together.
pub use closing::{Ended, begin_erasing, erase, erase_traces, erasing, finish_erasing};
pub use confirm::{Confirmed, confirm};
pub use mail::say_goodbye;
pub use password::Password;
pub use people::{Act, must_be_another, open_account};
pub use second_factor::{Shown, check as check_code};

// For the shell: what an operator does without a page.
pub use keys::rotate as rotate_keys;
pub use mail::{
    list_in_words as mails_in_words, show_in_words as mail_in_words,
    test_in_words as test_mail_in_words,
};
pub use people::{Account, Change, accounts, known_plan, set as set_account};
pub use register::{NewAccount, create_account};
pub use second_factor::reset as reset_second_factor;
pub use session::end_everything;

// For the start of the program, its background, and what it says of itself.
pub use keys::load as load_keys;
pub use mail::{send as send_mail, start as start_mail, warn_without_mail};
pub use oidc::greet as greet_oidc;
pub use password::{MAX_CHARS as PASSWORD_MAX_CHARS, MIN_CHARS as PASSWORD_MIN_CHARS};
pub use session::sweep;
pub use setup::{offer as offer_setup, required as setup_required};

// The tables of every part, for the index of tables.
pub use audit::CATALOGUE as AUDIT_CATALOGUE;
pub use invitations::CATALOGUE as INVITATIONS_CATALOGUE;
pub use keys::CATALOGUE as KEYS_CATALOGUE;
pub use links::CATALOGUE as LINKS_CATALOGUE;
pub use oidc::CATALOGUE as OIDC_CATALOGUE;
pub use passkeys::CATALOGUE as PASSKEYS_CATALOGUE;
pub use services::CATALOGUE as SERVICES_CATALOGUE;
pub use store::CATALOGUE;
pub use tokens::CATALOGUE as TOKENS_CATALOGUE;

pub mod routes {
    //! The handlers, each with its description (`__path_`), as the router and the OpenAPI document name
    //! them. Files that hold little else come whole; what in them is for this slice alone is not `pub`.

    pub mod audit {
        pub use crate::auth::audit::list::*;
    }
    pub mod identities {
        pub use crate::auth::oidc::identities::*;
    }
    pub mod invitations {
        pub use crate::auth::invitations::admin::*;
        pub use crate::auth::invitations::{__path_look, look};
    }
    pub mod mail {
        pub use crate::auth::mail::admin::*;
    }
    pub mod oidc {
        pub use crate::auth::oidc::begin::{__path_begin, begin};
        pub use crate::auth::oidc::callback::{__path_callback, callback};
        pub use crate::auth::oidc::finish::{__path_second_factor, second_factor};
    }
    pub mod passkey_sign_in {
        pub use crate::auth::passkeys::sign_in::*;
    }
    pub mod passkeys {
        pub use crate::auth::passkeys::manage::*;
    }
    pub mod password {
        pub use crate::auth::password_reset::*;
    }
    pub mod people {
        pub use crate::auth::people::change::*;
        pub use crate::auth::people::list::*;
    }
    pub mod receivers {
        pub use crate::auth::services::receivers::*;
    }
    pub mod second_factor {
        pub use crate::auth::second_factor::routes::*;
    }
    pub mod services {
        pub use crate::auth::services::issue::{__path_issue, issue};
        pub use crate::auth::services::manage::*;
    }
    pub mod sessions {
        pub use crate::auth::session::{
            __path_end_others, __path_end_session, __path_list_sessions, __path_logout,
            __path_logout_all, __path_refresh, end_others, end_session, list_sessions, logout,
            logout_all, refresh,
        };
    }
    pub mod setup {
        pub use crate::auth::setup::{__path_complete, complete};
    }
    pub mod sign_in {
        pub use crate::auth::login::{__path_login, login};
        pub use crate::auth::options::*;
    }
    pub mod sign_up {
        pub use crate::auth::register::{__path_register, register};
    }
    pub mod tokens {
        pub use crate::auth::tokens::manage::*;
    }
    pub mod verification {
        pub use crate::auth::verification::{
            __path_resend, __path_verify, __path_verify_by_link, resend, verify, verify_by_link,
        };
    }
}
