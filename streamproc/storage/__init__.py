"""Where finished files go: a folder, S3-compatible storage, SFTP, WebDAV."""
