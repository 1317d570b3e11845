//! Which process of a training this is, as launchers tell it in the environment.

use crate::network::processes::Place;
use crate::{Error, Result};

/// Where processes meet that were not told: c10d's usual port.
const PORT: u16 = 29500;

/// A launcher's variables.
struct Family {
    launcher: &'static str,
    rank: &'static str,
    size: &'static str,
    local_rank: &'static str,
    /// Processes of this machine, where the launcher says how many.
    local_size: Option<&'static str>,
}

/// The first complete one counts.
const FAMILIES: [Family; 4] = [
    Family {
        launcher: "torchrun",
        rank: "RANK",
        size: "WORLD_SIZE",
        local_rank: "LOCAL_RANK",
        local_size: Some("LOCAL_WORLD_SIZE"),
    },
    Family {
        launcher: "Open MPI",
        rank: "OMPI_COMM_WORLD_RANK",
        size: "OMPI_COMM_WORLD_SIZE",
        local_rank: "OMPI_COMM_WORLD_LOCAL_RANK",
        local_size: Some("OMPI_COMM_WORLD_LOCAL_SIZE"),
    },
    Family {
        launcher: "MPI",
        rank: "PMI_RANK",
        size: "PMI_SIZE",
        local_rank: "MPI_LOCALRANKID",
        local_size: Some("MPI_LOCALNRANKS"),
    },
    Family {
        launcher: "Slurm",
        rank: "SLURM_PROCID",
        size: "SLURM_STEP_NUM_TASKS",
        local_rank: "SLURM_LOCALID",
        local_size: None,
    },
];

/// The place of this process among those that a launcher has started: torchrun, mpirun, or Slurm's `srun`.
/// None where there is no launcher, or it has started one process only.
///
/// They meet at `MASTER_ADDR` and `MASTER_PORT`; without these on this machine, if all of them are here, or
/// on the first machine of Slurm's step.
///
/// # Errors
/// [`Error::Usage`] for values that make no sense, and where there is no telling where to meet.
pub fn place(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Place>> {
    let is_complete = |family: &&Family| {
        // A job of Slurm has these variables also where no step has begun.
        (family.launcher != "Slurm" || variable("SLURM_STEP_ID").is_some())
            && [family.rank, family.size, family.local_rank].iter().all(|v| variable(v).is_some())
    };
    let Some(family) = FAMILIES.iter().find(is_complete) else {
        return Ok(None);
    };
    let number = |name: &str| -> Result<usize> {
        let text = variable(name).unwrap_or_default();
        text.parse().map_err(|_| {
            Error::Usage(format!(
                "`{name}` of the environment is `{text}`, expected a whole number; start the processes with \
                 {}, or unset it",
                family.launcher
            ))
        })
    };
    let (rank, size) = (number(family.rank)?, number(family.size)?);
    let local_rank = number(family.local_rank)?;
    let local_size = match family.local_size.filter(|name| variable(name).is_some()) {
        Some(name) => number(name)?,
        // `2(x3)` or `2,1`: the first machine's processes stand for each machine's.
        None => match variable("SLURM_STEP_TASKS_PER_NODE") {
            Some(text) => text
                .split(|c: char| !c.is_ascii_digit())
                .find_map(|n| n.parse().ok())
                .unwrap_or(size),
            None => local_rank + 1,
        },
    };
    if rank >= size || local_rank >= local_size || local_size > size {
        return Err(Error::Usage(format!(
            "the environment says that this is process {rank} of {size}, and process {local_rank} of \
             {local_size} on this machine; start the processes with {}, or unset `{}`",
            family.launcher, family.rank
        )));
    }
    if size == 1 {
        return Ok(None);
    }
    let first_machine = || variable("SLURM_STEP_NODELIST").and_then(|list| first_host(&list));
    let host = match variable("MASTER_ADDR") {
        Some(host) => host,
        None if local_size == size => "127.0.0.1".into(),
        None => first_machine().ok_or_else(|| {
            Error::Usage(
                "the processes are on several machines; set `MASTER_ADDR` to the name of the one where \
                 process 0 runs"
                    .into(),
            )
        })?,
    };
    let port = match variable("MASTER_PORT") {
        Some(text) => text.parse().map_err(|_| {
            Error::Usage(format!("`MASTER_PORT` is `{text}`, expected a port from 1 to 65535"))
        })?,
        // Jobs that share a machine take ports of their own.
        None => {
            let job = variable("SLURM_JOB_ID").and_then(|id| id.parse::<u64>().ok());
            job.map_or(PORT, |job| 20_000 + (job % 20_000) as u16)
        }
    };
    // torchrun holds the meeting itself, and starts processes again that have failed.
    let is_held = variable("TORCHELASTIC_USE_AGENT_STORE").is_some_and(|text| text == "True");
    let restart = variable("TORCHELASTIC_RESTART_COUNT").unwrap_or_default();
    Ok(Some(Place {
        rank,
        size,
        local_rank,
        local_size,
        meeting: (host, port),
        server: rank == 0 && !is_held,
        name: format!("sg3render/{restart}"),
        interface: variable("GLOO_SOCKET_IFNAME").filter(|name| !name.is_empty()),
    }))
}

/// The first name of a list as Slurm writes it: `a,b`, `node[03-07,9]`, `rack1-node[1-2].example`.
fn first_host(list: &str) -> Option<String> {
    let bracket = list.find('[');
    let comma = list.find(',').unwrap_or(list.len());
    let Some(open) = bracket.filter(|&open| open < comma) else {
        return Some(list[..comma].to_owned()).filter(|name| !name.is_empty());
    };
    let close = open + list[open..].find(']')?;
    let number = list[open + 1..close].split(['-', ',']).next()?;
    let rest = &list[close + 1..];
    let rest = &rest[..rest.find(',').unwrap_or(rest.len())];
    Some(format!("{}{number}{rest}", &list[..open]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Option<Place>> {
        place(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn launchers_are_told_apart() {
        assert_eq!(of(&[]).unwrap(), None);
        // A shell inside a Slurm job.
        let job = [
            ("SLURM_PROCID", "0"),
            ("SLURM_STEP_NUM_TASKS", "4"),
            ("SLURM_LOCALID", "0"),
            ("SLURM_JOB_ID", "123456"),
        ];
        assert_eq!(of(&job).unwrap(), None);
        let step = [
            ("SLURM_STEP_ID", "0"),
            ("SLURM_STEP_TASKS_PER_NODE", "2(x2)"),
            ("SLURM_STEP_NODELIST", "gpu[07-08]"),
        ];
        let slurm = of(&[&job[..], &step].concat()).unwrap().unwrap();
        assert_eq!((slurm.rank, slurm.size, slurm.local_size), (0, 4, 2));
        assert_eq!(slurm.meeting, ("gpu07".to_owned(), 23_456));
        assert!(slurm.server);

        let torchrun = [
            ("RANK", "3"),
            ("WORLD_SIZE", "4"),
            ("LOCAL_RANK", "1"),
            ("LOCAL_WORLD_SIZE", "2"),
            ("MASTER_ADDR", "head"),
            ("MASTER_PORT", "4711"),
            ("TORCHELASTIC_USE_AGENT_STORE", "True"),
            ("TORCHELASTIC_RESTART_COUNT", "2"),
        ];
        let place = of(&[&torchrun[..], &job, &step].concat()).unwrap().unwrap();
        assert_eq!((place.rank, place.size, place.local_rank), (3, 4, 1));
        assert_eq!(place.meeting, ("head".to_owned(), 4711));
        assert_eq!((place.server, place.name.as_str()), (false, "sg3render/2"));
        // torchrun's agent holds the meeting for its first process, too.
        let first =
            [&[("RANK", "0"), ("LOCAL_RANK", "0")], &torchrun[1..2], &torchrun[3..]].concat();
        assert!(!of(&first).unwrap().unwrap().server);

        let mpi = [
            ("OMPI_COMM_WORLD_RANK", "1"),
            ("OMPI_COMM_WORLD_SIZE", "2"),
            ("OMPI_COMM_WORLD_LOCAL_RANK", "1"),
            ("OMPI_COMM_WORLD_LOCAL_SIZE", "2"),
        ];
        assert_eq!(of(&mpi).unwrap().unwrap().meeting, ("127.0.0.1".to_owned(), PORT));
        let apart = [&mpi[..3], &[("OMPI_COMM_WORLD_LOCAL_SIZE", "1")]].concat();
        assert!(of(&apart).unwrap_err().to_string().contains("process 1 of 1"));
        let apart = [mpi[0], mpi[1], ("OMPI_COMM_WORLD_LOCAL_RANK", "0"), apart[3]];
        assert!(of(&apart).unwrap_err().to_string().contains("MASTER_ADDR"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let with = |rank, size, local, port| {
            of(&[
                ("RANK", rank),
                ("WORLD_SIZE", size),
                ("LOCAL_RANK", local),
                ("MASTER_PORT", port),
            ])
        };
        assert!(with("0", "1", "0", "1").unwrap().is_none());
        for (rank, size, local, port, said) in [
            ("2", "2", "0", "1", "process 2 of 2"),
            ("x", "2", "0", "1", "`RANK`"),
            ("0", "-2", "0", "1", "`WORLD_SIZE`"),
            ("0", "2", "5", "1", "process 5 of 6"),
            ("1", "2", "1", "70000", "`MASTER_PORT`"),
        ] {
            let error = with(rank, size, local, port).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
            assert_eq!(error.exit_code(), 64);
        }
    }

    #[test]
    fn the_first_host_of_a_list_is_found() {
        for (list, first) in [
            ("a", "a"),
            ("a,b", "a"),
            ("node[03-07,9]", "node03"),
            ("rack1-node[1-2].example,z", "rack1-node1.example"),
            ("b,node[1-2]", "b"),
        ] {
            assert_eq!(first_host(list).as_deref(), Some(first));
        }
        assert_eq!(first_host(""), None);
        assert_eq!(first_host("node[1"), None);
    }
}
