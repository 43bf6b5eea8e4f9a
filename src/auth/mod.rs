//! SLICE: who you are. Accounts, passwords, sign-ins and the tokens that prove them.
//!
//! Enter here: the callers (`CurrentUser`, `Admin`), the handlers, and what other slices may know of
//! a user. Must stay true: a sign-in that has ended is refused from that moment on; an unknown
//! address and a wrong password cannot be told apart, in words or in time.

mod audit;
mod caller;
mod closing;
mod confirm;
mod device;
mod enter;
mod invitations;
mod links;
mod login;
mod mail;
mod password;
mod people;
mod register;
mod second_factor;
mod session;
mod setup;
mod store;
mod token;
mod tokens;

pub use audit::{
    Actor, CATALOGUE as AUDIT_CATALOGUE, Event, What, activity, events as audit_events,
};
pub use caller::{Admin, Caller, CurrentUser, VerifiedUser};
pub use closing::{
    Ended, begin_erasing, erase, erase_traces, erasing, finish_erasing, must_be_open,
};
pub use confirm::confirm;
pub use invitations::{
    CATALOGUE as INVITATIONS_CATALOGUE, invite, link_again, list as invitations,
    look as look_at_invitation, revoke as revoke_invitation,
};
pub use links::CATALOGUE as LINKS_CATALOGUE;
pub use login::login;
pub use mail::{Mail, Purpose as MailPurpose, send as send_mail};
pub use password::{MAX_CHARS as PASSWORD_MAX_CHARS, MIN_CHARS as PASSWORD_MIN_CHARS, Password};
pub use people::{
    Act, Change, accounts, change as change_account, end_sessions as end_sessions_of, known_plan,
    list as people, must_be_another, read_one as person, set as set_account, start_reset,
};
pub use register::{NewAccount, create_account, register};
pub use second_factor::{Shown, check as check_code};
pub use session::{
    end_everything, end_others, end_session, list_sessions, logout, logout_all, refresh,
    revoked as session_revoked, sweep,
};
pub use setup::{complete as setup, offer as offer_setup, required as setup_required};
pub use store::{CATALOGUE, Method, Role, User, user};
pub use token::{PublicUser, SignedIn, has_cookie};
pub use tokens::{
    Anything, CATALOGUE as TOKENS_CATALOGUE, ChatRead, ChatWrite, McpUse, MemoryRead, MemoryWrite,
    OpenAi, UsageRead,
};

pub mod paths {
    //! For the OpenAPI document: the handlers with their descriptions.
    pub use super::audit::{
        __path_activity, __path_events as __path_audit_events, activity, events as audit_events,
    };
    pub use super::invitations::{
        __path_invite, __path_link_again, __path_list as __path_invitations,
        __path_look as __path_look_at_invitation, __path_revoke as __path_revoke_invitation,
        invite, link_again, list as invitations, look as look_at_invitation,
        revoke as revoke_invitation,
    };
    pub use super::login::{__path_login, login};
    pub use super::people::{
        __path_change as __path_change_account, __path_end_sessions as __path_end_sessions_of,
        __path_list as __path_people, __path_read_one as __path_person, __path_start_reset,
        change as change_account, end_sessions as end_sessions_of, list as people,
        read_one as person, start_reset,
    };
    pub use super::register::{__path_register, register};
    pub use super::session::{
        __path_end_others, __path_end_session, __path_list_sessions, __path_logout,
        __path_logout_all, __path_refresh, end_others, end_session, list_sessions, logout,
        logout_all, refresh,
    };
    pub use super::setup::{__path_complete as __path_setup, complete as setup};
}
