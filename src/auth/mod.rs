//! SLICE: who you are. Accounts, passwords, sign-ins and the tokens that prove them.
//!
//! Enter here: the callers (`CurrentUser`, `Admin`), the handlers, and what other slices may know of
//! a user. Must stay true: a sign-in that has ended is refused from that moment on; an unknown
//! address and a wrong password cannot be told apart, in words or in time.

mod audit;
mod caller;
mod confirm;
mod device;
mod enter;
mod links;
mod login;
mod mail;
mod oidc;
mod password;
mod register;
mod second_factor;
mod session;
mod setup;
mod store;
mod token;
mod tokens;

pub use audit::{Actor, CATALOGUE as AUDIT_CATALOGUE, Event, What};
pub use caller::{Admin, Caller, CurrentUser, VerifiedUser};
pub use links::CATALOGUE as LINKS_CATALOGUE;
pub use login::login;
pub use mail::send as send_mail;
pub use oidc::{
    CATALOGUE as OIDC_CATALOGUE, begin as oidc_begin, callback as oidc_callback,
    greet as greet_oidc, list as list_identities, name as oidc_name, remove as remove_identity,
    second_factor as oidc_second_factor,
};
pub use password::{MAX_CHARS as PASSWORD_MAX_CHARS, MIN_CHARS as PASSWORD_MIN_CHARS, Password};
pub use register::{NewAccount, create_account, register};
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
    pub use super::login::{__path_login, login};
    pub use super::oidc::{
        __path_begin as __path_oidc_begin, __path_callback as __path_oidc_callback,
        __path_list as __path_list_identities, __path_remove as __path_remove_identity,
        __path_second_factor as __path_oidc_second_factor, begin as oidc_begin,
        callback as oidc_callback, list as list_identities, remove as remove_identity,
        second_factor as oidc_second_factor,
    };
    pub use super::register::{__path_register, register};
    pub use super::session::{
        __path_end_others, __path_end_session, __path_list_sessions, __path_logout,
        __path_logout_all, __path_refresh, end_others, end_session, list_sessions, logout,
        logout_all, refresh,
    };
    pub use super::setup::{__path_complete as __path_setup, complete as setup};
}
