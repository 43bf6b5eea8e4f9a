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
mod store;
mod token;
mod tokens;
mod verification;

pub use audit::of_user as events_of;
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
pub use keys::{CATALOGUE as KEYS_CATALOGUE, load as load_keys, rotate as rotate_keys};
pub use links::{
    CATALOGUE as LINKS_CATALOGUE, Purpose as LinkPurpose, issue as issue_link,
    prepare as prepare_link,
};
pub use login::login;
pub use mail::{
    Mail, Purpose as MailPurpose, list as list_mails, list_in_words as mails_in_words,
    retry as retry_mail, send as send_mail, show as show_mail, show_in_words as mail_in_words,
    start as start_mail, test as test_mail, test_in_words as test_mail_in_words, warn_without_mail,
};
pub use oidc::{
    CATALOGUE as OIDC_CATALOGUE, begin as oidc_begin, callback as oidc_callback,
    greet as greet_oidc, list as list_identities, name as oidc_name, remove as remove_identity,
    second_factor as oidc_second_factor,
};
pub use options::options;
pub use passkeys::{
    CATALOGUE as PASSKEYS_CATALOGUE, add as add_passkey, begin as begin_passkey,
    begin_sign_in as begin_passkey_sign_in, finish as finish_passkey_sign_in,
    list as list_passkeys, on as passkeys_on, remove as remove_passkey,
};
pub use password::{MAX_CHARS as PASSWORD_MAX_CHARS, MIN_CHARS as PASSWORD_MIN_CHARS, Password};
pub use password_reset::{
    change as change_password, forgot as forgot_password, reset as reset_password,
};
pub use people::{
    Act, Change, accounts, change as change_account, end_sessions as end_sessions_of, known_plan,
    list as people, must_be_another, read_one as person, set as set_account, start_reset,
};
pub use register::{NewAccount, create_account, register};
pub use second_factor::{Shown, check as check_code};
pub use second_factor::{
    begin as begin_second_factor, disable as disable_second_factor, enable as enable_second_factor,
    recovery_codes as new_recovery_codes, reset as reset_second_factor,
    state as second_factor_state,
};
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
pub use verification::{resend as resend_verification, verify as verify_email, verify_by_link};

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
    pub use super::mail::{
        __path_list as __path_list_mails, __path_retry as __path_retry_mail,
        __path_show as __path_show_mail, __path_test as __path_test_mail, list as list_mails,
        retry as retry_mail, show as show_mail, test as test_mail,
    };
    pub use super::oidc::{
        __path_begin as __path_oidc_begin, __path_callback as __path_oidc_callback,
        __path_list as __path_list_identities, __path_remove as __path_remove_identity,
        __path_second_factor as __path_oidc_second_factor, begin as oidc_begin,
        callback as oidc_callback, list as list_identities, remove as remove_identity,
        second_factor as oidc_second_factor,
    };
    pub use super::options::{__path_options, options};
    pub use super::passkeys::{
        __path_add as __path_add_passkey, __path_begin as __path_begin_passkey,
        __path_begin_sign_in as __path_begin_passkey_sign_in,
        __path_finish as __path_finish_passkey_sign_in, __path_list as __path_list_passkeys,
        __path_remove as __path_remove_passkey, add as add_passkey, begin as begin_passkey,
        begin_sign_in as begin_passkey_sign_in, finish as finish_passkey_sign_in,
        list as list_passkeys, remove as remove_passkey,
    };
    pub use super::password_reset::{
        __path_change as __path_change_password, __path_forgot as __path_forgot_password,
        __path_reset as __path_reset_password, change as change_password,
        forgot as forgot_password, reset as reset_password,
    };
    pub use super::people::{
        __path_change as __path_change_account, __path_end_sessions as __path_end_sessions_of,
        __path_list as __path_people, __path_read_one as __path_person, __path_start_reset,
        change as change_account, end_sessions as end_sessions_of, list as people,
        read_one as person, start_reset,
    };
    pub use super::register::{__path_register, register};
    pub use super::second_factor::{
        __path_begin as __path_begin_second_factor, __path_disable as __path_disable_second_factor,
        __path_enable as __path_enable_second_factor,
        __path_recovery_codes as __path_new_recovery_codes,
        __path_state as __path_second_factor_state, begin as begin_second_factor,
        disable as disable_second_factor, enable as enable_second_factor,
        recovery_codes as new_recovery_codes, state as second_factor_state,
    };
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
    pub use super::verification::{
        __path_resend as __path_resend_verification, __path_verify as __path_verify_email,
        __path_verify_by_link, resend as resend_verification, verify as verify_email,
        verify_by_link,
    };
}
