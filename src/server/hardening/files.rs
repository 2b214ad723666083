//! Landlock (landlock(7)): the kernel lets this process open only what its configuration named.

use super::{Standing, reach::Reach};
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, NetPort, Ruleset, RulesetAttr, RulesetCreated,
    RulesetCreatedAttr, RulesetError, RulesetStatus, path_beneath_rules,
};

/// Below this one no file can be renamed into another folder, which a Maildir needs.
const LEAST: ABI = ABI::V2;
/// What is asked for where the kernel has it: files, devices, TCP.
const MOST: ABI = ABI::V5;

/// Restricts this thread and those it starts.
///
/// # Errors
/// The kernel knows Landlock and refuses the rules.
pub fn restrict(reach: &Reach) -> Result<Standing, String> {
    let Ok(ruleset) =
        Ruleset::default().set_compatibility(CompatLevel::HardRequirement).handle_access(AccessFs::from_all(LEAST))
    else {
        return Ok(Standing::Absent);
    };
    let created = ruleset
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(MOST))
        .and_then(|ruleset| ruleset.handle_access(AccessNet::from_all(MOST)))
        .and_then(Ruleset::create)
        .and_then(|created| allow(created, reach));
    let status = created.and_then(RulesetCreated::restrict_self).map_err(|error| error.to_string())?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Standing::Full,
        RulesetStatus::PartiallyEnforced => Standing::Partial,
        RulesetStatus::NotEnforced => Standing::Absent,
    })
}

fn allow(created: RulesetCreated, reach: &Reach) -> Result<RulesetCreated, RulesetError> {
    let ports = |ports: &std::collections::BTreeSet<u16>, access: AccessNet| {
        ports.iter().map(move |port| Ok::<_, RulesetError>(NetPort::new(*port, access))).collect::<Vec<_>>()
    };
    created
        .add_rules(path_beneath_rules(&reach.read, AccessFs::ReadFile | AccessFs::ReadDir))?
        .add_rules(path_beneath_rules(&reach.write, written()))?
        .add_rules(ports(&reach.connect, AccessNet::ConnectTcp))?
        .add_rules(ports(&reach.bind, AccessNet::BindTcp))
}

/// Everything that is done to files of our own: no programs, no devices, no links to elsewhere.
fn written() -> BitFlags<AccessFs> {
    AccessFs::ReadFile
        | AccessFs::ReadDir
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::MakeSock
        | AccessFs::Refer
}
