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
mod keys;
mod links;
mod login;
mod mail;
mod password;
mod register;
mod second_factor;
mod services;
mod session;
mod setup;
mod signed;
mod store;
mod token;
mod tokens;

pub use audit::{Actor, CATALOGUE as AUDIT_CATALOGUE, Event, What};
pub use caller::{Admin, Caller, CurrentUser, VerifiedUser};
pub use keys::{CATALOGUE as KEYS_CATALOGUE, load as load_keys, rotate as rotate_keys};
pub use links::CATALOGUE as LINKS_CATALOGUE;
pub use login::login;
pub use mail::send as send_mail;
pub use password::{MAX_CHARS as PASSWORD_MAX_CHARS, MIN_CHARS as PASSWORD_MIN_CHARS, Password};
pub use register::{NewAccount, create_account, register};
pub use services::{
    CATALOGUE as SERVICES_CATALOGUE, ReadMetrics, ReadUsage, RunBackup, RunJobs, ServiceCaller,
    issue as issue_service_token, list as list_services, list_receivers, make as make_service,
    make_receiver, new_receiver_secret, new_secret as new_service_secret, remove as remove_service,
    remove_receiver,
};
pub use session::{
    end_everything, end_others, end_session, list_sessions, logout, logout_all, refresh,
    revoked as session_revoked, sweep,
};
pub use setup::{complete as setup, offer as offer_setup, required as setup_required};
pub use store::{Accounts, CATALOGUE, Method, Role, User, count as count_accounts, user};
pub use token::{PublicUser, SignedIn, has_cookie};
pub use tokens::{
    Anything, CATALOGUE as TOKENS_CATALOGUE, ChatRead, ChatWrite, McpUse, MemoryRead, MemoryWrite,
    OpenAi, UsageRead, list as list_tokens, make as make_token, remove as remove_token,
};

pub mod paths {
    //! For the OpenAPI document: the handlers with their descriptions.
    pub use super::login::{__path_login, login};
    pub use super::register::{__path_register, register};
    pub use super::services::paths::{
        __path_issue as __path_issue_service_token, __path_list as __path_list_services,
        __path_list_receivers, __path_make as __path_make_service, __path_make_receiver,
        __path_new_receiver_secret, __path_new_secret as __path_new_service_secret,
        __path_remove as __path_remove_service, __path_remove_receiver,
    };
    pub use super::services::{
        issue as issue_service_token, list as list_services, list_receivers, make as make_service,
        make_receiver, new_receiver_secret, new_secret as new_service_secret,
        remove as remove_service, remove_receiver,
    };
    pub use super::session::{
        __path_end_others, __path_end_session, __path_list_sessions, __path_logout,
        __path_logout_all, __path_refresh, end_others, end_session, list_sessions, logout,
        logout_all, refresh,
    };
    pub use super::setup::{__path_complete as __path_setup, complete as setup};
    pub use super::tokens::paths::{
        __path_list as __path_list_tokens, __path_make as __path_make_token,
        __path_remove as __path_remove_token,
    };
    pub use super::tokens::{list as list_tokens, make as make_token, remove as remove_token};
}
