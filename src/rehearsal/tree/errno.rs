//! The model's refusals, in the C library's words: the same text that a real host's programs print.

/// Why the file tree refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Errno {
    /// ENOENT.
    #[error("No such file or directory")]
    NotFound,
    /// EACCES.
    #[error("Permission denied")]
    Denied,
    /// EPERM.
    #[error("Operation not permitted")]
    NotPermitted,
    /// ENOTDIR.
    #[error("Not a directory")]
    NotDirectory,
    /// EISDIR.
    #[error("Is a directory")]
    IsDirectory,
    /// EEXIST.
    #[error("File exists")]
    Exists,
    /// ENOTEMPTY.
    #[error("Directory not empty")]
    NotEmpty,
    /// ENOSPC.
    #[error("No space left on device")]
    NoSpace,
    /// EROFS.
    #[error("Read-only file system")]
    ReadOnly,
    /// ELOOP.
    #[error("Too many levels of symbolic links")]
    Loop,
    /// EINVAL.
    #[error("Invalid argument")]
    Invalid,
    /// ENAMETOOLONG.
    #[error("File name too long")]
    NameTooLong,
    /// EBUSY.
    #[error("Device or resource busy")]
    Busy,
}
