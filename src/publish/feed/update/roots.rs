//! Root after root: the first one with all keys, and each change of keys.

use factory_tuf::{File, PublicKey, Repository, Root, RootPlan, Seals, Time};

use super::{Feed, KeyRole, Keys, NewKey, Until, UpdateError};

/// How many new keys a role gets, and how many of its keys have to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleChange {
    /// How many are made.
    pub keys: u8,
    /// How many have to sign.
    pub threshold: u8,
}

/// What the next root says: `None` for a role that keeps its keys.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the names are those of the roles")]
pub struct RootChange {
    pub expires: Time,
    pub root: Option<RoleChange>,
    pub targets: Option<RoleChange>,
    pub online: Option<RoleChange>,
}

impl RootChange {
    fn roles(&self) -> [(KeyRole, Option<RoleChange>); 3] {
        [(KeyRole::Root, self.root), (KeyRole::Targets, self.targets), (KeyRole::Online, self.online)]
    }

    /// The keys that are made for it.
    fn make(&self) -> Result<Vec<NewKey>, UpdateError> {
        let count = |(role, change): &(KeyRole, Option<RoleChange>)| (*role, change.map_or(0, |change| change.keys));
        let roles = self.roles();
        let wanted = roles.iter().map(count).flat_map(|(role, keys)| (0..keys).map(move |_| role));
        wanted.map(NewKey::make).collect()
    }

    /// What the root says: new keys where a role gets some, else those of before.
    fn plan(&self, new: &[NewKey], before: Option<&Root>) -> Result<RootPlan, UpdateError> {
        let role = |role: KeyRole, change: Option<RoleChange>, name: &str| {
            let made = || new.iter().filter(|key| key.role == role).map(|key| key.public.clone()).collect();
            let kept = before.and_then(|before| kept(before, name));
            match change {
                Some(change) => Ok((made(), u64::from(change.threshold))),
                None => kept.ok_or(UpdateError::Plan("the first root needs keys for each role")),
            }
        };
        Ok(RootPlan {
            expires: self.expires,
            root: role(KeyRole::Root, self.root, "root")?,
            targets: role(KeyRole::Targets, self.targets, "targets")?,
            snapshot: role(KeyRole::Online, self.online, "snapshot")?,
            timestamp: role(KeyRole::Online, self.online, "timestamp")?,
        })
    }
}

fn kept(root: &Root, role: &str) -> Option<(Vec<PublicKey>, u64)> {
    let keys = root.role(role)?;
    Some((keys.ids.iter().filter_map(|id| root.keys.get(id).cloned()).collect(), keys.threshold))
}

impl Feed {
    /// The first root of a new feed, and all of its keys. Nothing is written: keys come first, then [`Feed::create`].
    ///
    /// # Errors
    /// [`UpdateError`].
    pub fn first(change: &RootChange) -> Result<(Vec<NewKey>, File), UpdateError> {
        let new = change.make()?;
        let plan = change.plan(&new, None)?;
        let made = Keys::made(&new)?;
        let by: Vec<_> = made.of_publics(&plan.root.0);
        let (_, mut files) = Repository::create(&plan, &by)?;
        let root = files.pop().ok_or(UpdateError::Plan("there is no root"))?;
        Ok((new, root))
    }

    /// The next root, the keys that are made for it, and the files to write, in their order. What other keys sign from now on is signed again
    /// by them. Nothing is written: keys come first, then [`Feed::write`].
    ///
    /// # Errors
    /// [`UpdateError`].
    pub fn next_root(
        &self,
        change: &RootChange,
        keys: Keys,
        until: Until,
    ) -> Result<(Vec<NewKey>, Vec<File>), UpdateError> {
        let new = change.make()?;
        let before = self.repository.root();
        let plan = change.plan(&new, Some(before))?;
        let keys = keys.and(Keys::made(&new)?);
        let mut by = keys.of(&[before], "root");
        by.extend(keys.of_publics(&plan.root.0));
        let mut next = self.repository.clone();
        let root = next.change_root(&plan, &by)?;
        if next.unsigned().is_empty() {
            return Ok((new, root));
        }
        let root_now = next.root().clone();
        let [targets, snapshot, timestamp] =
            ["targets", "snapshot", "timestamp"].map(|role| keys.of(&[&root_now], role));
        let online = |keys| Seals { expires: until.online, keys };
        let mut files = if next.unsigned().contains(&"targets") {
            let all = next.targets().map(|targets| targets.targets.clone()).unwrap_or_default();
            let by = Seals { expires: until.targets, keys: &targets };
            next.publish(all, by, online(&snapshot), online(&timestamp))?
        } else {
            next.renew(online(&snapshot), online(&timestamp))?
        };
        // Between the root and the timestamp clients believe nothing new: nothing else comes between them.
        let last = files.pop();
        Ok((new, files.into_iter().chain(root).chain(last).collect()))
    }
}
