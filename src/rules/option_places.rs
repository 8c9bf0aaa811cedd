//! Where options of a subject are, or would be, and what their author calls them.

use super::Subject;
use crate::flink::config::Entry;
use crate::flink::operator::field_name;
use crate::flink::workload::ConfigurationSource;
use crate::flink::{Engine, Role, Workload};
use crate::resource::pointer;
use std::borrow::Cow;

/// The group of the Flink operator's kinds.
const FLINK_GROUP: &str = "flink.apache.org";

impl<'a> Subject<'a> {
    /// The name that an author knows a value by: the option's, or that of the field of a custom resource
    /// that sets it.
    pub fn name_of<'n>(&self, key: &'n str, entry: &Entry) -> Cow<'n, str> {
        let is_custom = self.workload.declares_cluster || self.resource.kind.group == FLINK_GROUP;
        let is_field = |place: &&str| {
            place.starts_with("/spec/")
                && !place.contains("/containers/")
                && !place.starts_with(self.options_place())
        };
        match entry.pointer.as_deref().filter(|place| is_custom && is_field(place)) {
            Some(place) => field_name(place).into(),
            None => key.into(),
        }
    }

    /// Where an option is, or would be.
    pub fn option_place(&self, key: &str, entry: &Entry) -> String {
        self.option_pointer(key, entry).into_owned()
    }

    /// [`Self::option_place`] without a copy of what the entry has.
    pub fn option_pointer<'e>(&self, key: &str, entry: &'e Entry) -> Cow<'e, str> {
        match &entry.pointer {
            Some(pointer) => pointer.into(),
            None => self.missing_option_place(key).into(),
        }
    }

    /// Where an option would be that is missing. A process of a plain workload reads a file: the place is
    /// the mount that brings it, or the container.
    pub fn missing_option_place(&self, key: &str) -> String {
        let Workload { config_pointer, declares_cluster, source, .. } = self.workload;
        if config_pointer.is_some() || *declares_cluster {
            return pointer::join(self.options_place(), key);
        }
        match source {
            ConfigurationSource::ConfigMap { place, .. } => place.clone(),
            _ => self.place_of_process(),
        }
    }

    /// The place of the options of a custom resource.
    fn options_place(&self) -> &'a str {
        let workload = self.workload;
        workload.config_pointer.as_deref().unwrap_or(match workload.engine {
            Engine::Spotify => "/spec/flinkProperties",
            Engine::Lyft => "/spec/flinkConfig",
            _ => "/spec/flinkConfiguration",
        })
    }

    /// The container of the first of Flink's processes.
    fn place_of_process(&self) -> String {
        let flinks = self.pods.iter().find(|pods| pods.set.role != Role::Other);
        let Some(pods) = flinks.or(self.pods.first()) else { return "/spec".into() };
        match pods.set.main_container {
            Some(index) => pods.place(format!("/spec/containers/{index}")),
            None => pods.place("/spec".to_owned()),
        }
    }

    /// Where an option is under one of its names, or would be under the first.
    pub fn place_of_option(&self, names: &[&str]) -> String {
        match self.workload.config.first(names) {
            Some((key, entry)) => self.option_place(key, entry),
            None => self.missing_option_place(names.first().copied().unwrap_or_default()),
        }
    }
}
