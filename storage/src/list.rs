//! Listing objects.

use aws_sdk_s3::types::EncodingType;
use futures::{Stream, TryStreamExt, stream};

use crate::{Bucket, ObjectHead, Storage, StorageError, date_time, keys, unquoted};

/// Where a listing stands: before its first page, at a later one, or at its end.
enum Next {
    First,
    Page(String),
    End,
}

impl Storage {
    /// The objects whose keys begin with `prefix`, in order of their keys, page by page. A page has at most
    /// `page_keys` objects (S3 gives at most 1,000) and may have none; the next one is fetched when asked for.
    ///
    /// # Errors
    /// Each page may fail, as the store answers; the stream then ends.
    pub fn list(
        &self,
        bucket: Bucket,
        prefix: &str,
        page_keys: u16,
    ) -> impl Stream<Item = Result<Vec<ObjectHead>, StorageError>> + Send + use<> {
        let at = self.place(bucket, prefix);
        let client = self.client.clone();
        stream::try_unfold(Next::First, move |next| {
            let token = match &next {
                Next::First => None,
                Next::Page(token) => Some(token.clone()),
                Next::End => None,
            };
            let request = client.list_objects_v2().bucket(&at.bucket).prefix(&at.key).max_keys(page_keys.into());
            // XML has no way to write most control characters: one such key would make the whole listing unreadable.
            let request = request.encoding_type(EncodingType::Url).set_continuation_token(token);
            let at = at.clone();
            async move {
                if matches!(next, Next::End) {
                    return Ok(None);
                }
                let answer = request.send().await.map_err(|error| at.failed("list", error))?;
                // Not every store honours the wish; every one says whether it did.
                let encoded = answer.encoding_type() == Some(&EncodingType::Url);
                let page = answer.contents().iter().filter_map(|object| head_of(object, encoded)).collect();
                let next = answer.next_continuation_token.map_or(Next::End, Next::Page);
                Ok(Some((page, next)))
            }
        })
    }

    /// All objects whose keys begin with `prefix`, for listings known to be short.
    ///
    /// # Errors
    /// As the store answers.
    pub async fn list_all(&self, bucket: Bucket, prefix: &str) -> Result<Vec<ObjectHead>, StorageError> {
        self.list(bucket, prefix, 1_000).try_concat().await
    }
}

/// Nothing for a key that is not UTF-8: S3 has none such, and no request could name it.
fn head_of(object: &aws_sdk_s3::types::Object, encoded: bool) -> Option<ObjectHead> {
    let key = object.key()?;
    Some(ObjectHead {
        key: if encoded { keys::decoded(key)? } else { key.to_owned() },
        bytes: object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
        etag: unquoted(object.e_tag()),
        modified: object.last_modified().and_then(date_time),
    })
}
