//! Booting, powering off, and what a power cut leaves.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::tree::{Errno, Time};
use super::Host;

/// How long a host takes from power-on until sshd answers.
pub const BOOT_TIME: Duration = Duration::from_secs(25);

/// Whether a host runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Power {
    /// It answers.
    On,
    /// It boots until then.
    Booting(Time),
    /// It is off until somebody switches it on.
    Off,
}

impl Host {
    /// Brings up kernel and systemd from what is on the disk.
    pub fn boot(&mut self, now: Time) -> Result<(), Errno> {
        self.make_volatile(now)?;
        self.apply_boot_settings(now)?;
        self.booted = now;
        self.power = Power::On;
        self.dpkg_busy = Time(0);
        self.units = super::super::units::Units::default();
        self.start_wanted(now);
        Ok(())
    }

    /// A clean reboot: everything is written first. It answers again after the boot time.
    pub fn reboot(&mut self, now: Time) {
        self.sync();
        self.power = Power::Booting(Time(now.0 + Time::from(BOOT_TIME).0));
    }

    /// Switched off at once: what was not on the disk is lost.
    pub fn lose_power(&mut self, now: Time) {
        self.writeback(now);
        let limits = (self.tree.capacity, self.tree.read_only.clone());
        self.tree = self.disk.clone();
        (self.tree.capacity, self.tree.read_only) = limits;
        self.power = Power::Off;
    }

    /// Switches it on.
    pub fn power_on(&mut self, now: Time) {
        if self.power == Power::Off {
            self.power = Power::Booting(Time(now.0 + Time::from(BOOT_TIME).0));
        }
    }

    /// Whether it answers now; a boot that is over by now is carried out.
    pub fn answers(&mut self, now: Time) -> Result<bool, Errno> {
        match self.power {
            Power::On => Ok(true),
            Power::Off => Ok(false),
            Power::Booting(until) if until > now => Ok(false),
            Power::Booting(until) => {
                self.boot(until)?;
                Ok(true)
            }
        }
    }
}
