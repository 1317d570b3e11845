//! Processes as threads, their devices as memory of the CPU, and an NCCL that adds there.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::{c_char, c_int, c_void};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::nccl::{Id, Queue};
use super::*;

type Meeting = [u8; 128];

/// One process's end of a meeting.
struct End {
    meeting: Meeting,
    size: usize,
    sums: usize,
}

/// What one process waits for.
struct Queued {
    at: usize,
    sum: (Meeting, usize),
    size: usize,
}

/// How many have queued a meeting's n-th sum, and what they have added up.
type Sums = HashMap<(Meeting, usize), (usize, Vec<f32>)>;

static SUMS: Mutex<Option<Sums>> = Mutex::new(None);
static ABORTED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static QUEUED: RefCell<Option<Queued>> = const { RefCell::new(None) };
}

fn sums() -> MutexGuard<'static, Option<Sums>> {
    SUMS.lock().unwrap_or_else(PoisonError::into_inner)
}

unsafe extern "C" fn id(id: *mut Id) -> c_int {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    let mut bytes = [0; 128];
    bytes[100..108].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    // SAFETY: the place is the caller's.
    unsafe { *id = Id(bytes) };
    0
}

unsafe extern "C" fn join(
    communicator: *mut *mut c_void,
    size: c_int,
    id: Id,
    _rank: c_int,
) -> c_int {
    assert_ne!(id.0, [0; 128], "the first process's number reaches all");
    let end = Box::new(End { meeting: id.0, size: size as usize, sums: 0 });
    // SAFETY: the place is the caller's.
    unsafe { *communicator = Box::into_raw(end).cast() };
    0
}

unsafe extern "C" fn all_reduce(
    from: *const c_void,
    to: *mut c_void,
    count: usize,
    kind: c_int,
    operation: c_int,
    communicator: *mut c_void,
    stream: *mut c_void,
) -> c_int {
    assert_eq!((from, kind, operation, stream as usize), (to.cast_const(), 7, 0, 77));
    // SAFETY: made by `join`; the tensor has so many values.
    let (end, values) = unsafe {
        let values = std::slice::from_raw_parts(from.cast::<f32>(), count);
        (&mut *communicator.cast::<End>(), values)
    };
    end.sums += 1;
    let sum = (end.meeting, end.sums);
    let mut sums = sums();
    let (queued, total) =
        sums.get_or_insert_default().entry(sum).or_insert_with(|| (0, vec![0.0; count]));
    *queued += 1;
    total.iter_mut().zip(values).for_each(|(total, value)| *total += value);
    QUEUED.set(Some(Queued { at: to as usize, sum, size: end.size }));
    0
}

/// A sum is done, in this process's memory, when all have queued it.
fn is_idle(_: usize) -> Result<bool> {
    Ok(QUEUED.with_borrow_mut(|queued| {
        let Some(Queued { at, sum, size }) = queued else { return true };
        let sums = sums();
        let (count, total) = &sums.as_ref().unwrap()[sum];
        if count == size {
            // SAFETY: the tensor lives until its sum is done.
            unsafe { std::ptr::copy_nonoverlapping(total.as_ptr(), *at as *mut f32, total.len()) };
            *queued = None;
        }
        queued.is_none()
    }))
}

unsafe extern "C" fn no_fault(_: *mut c_void, fault: *mut c_int) -> c_int {
    // SAFETY: the place is the caller's.
    unsafe { *fault = 7 };
    0
}

unsafe extern "C" fn a_fault(_: *mut c_void, fault: *mut c_int) -> c_int {
    // SAFETY: likewise.
    unsafe { *fault = 1 };
    0
}

unsafe extern "C" fn abort(communicator: *mut c_void) -> c_int {
    // SAFETY: made by `join`, and freed once.
    drop(unsafe { Box::from_raw(communicator.cast::<End>()) });
    ABORTED.fetch_add(1, Ordering::Relaxed);
    0
}

unsafe extern "C" fn error(_: c_int) -> *const c_char {
    c"unhandled cuda error".as_ptr()
}

fn api() -> Api {
    let queue = Queue { select: |_| Ok(()), synchronize: |_| Ok(()), stream: |_| Ok(77), is_idle };
    Api { id, join, all_reduce, fault: no_fault, abort, error, queue }
}

/// Runs the same in several processes, which are threads; returns what each makes.
fn together<T: Send>(size: usize, work: impl Fn(Group) -> T + Sync) -> Vec<T> {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let one = |rank: usize| {
        work(
            Group::join(&Place {
                rank,
                size,
                local_rank: rank,
                local_size: size,
                meeting: ("127.0.0.1".into(), port),
                server: rank == 0,
                name: "test".into(),
                interface: None,
            })
            .unwrap(),
        )
    };
    thread::scope(|scope| {
        let one = &one;
        let threads: Vec<_> = (0..size).map(|rank| scope.spawn(move || one(rank))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Values of its own for each process, and the sum over all of them.
fn values(rank: usize, step: usize) -> Tensor {
    Tensor::arange(100, (Kind::Float, Device::Cpu)) + (1000 * rank + step) as f64
}

fn total(size: usize, step: usize) -> Tensor {
    (0..size).map(|rank| values(rank, step)).reduce(|a, b| a + b).unwrap()
}

#[test]
fn sums_between_devices_are_those_through_memory() {
    for size in [2, 3] {
        together(size, |mut group| {
            for step in 0..20 {
                if step == 10 {
                    group.through(Ok(api()), Device::Cpu).unwrap();
                }
                let sum = values(group.rank(), step);
                assert!(group.sum(&sum).unwrap());
                assert_eq!(sum, total(size, step), "step {step}");
                // What does not lie on a device, or is no float, goes through memory as before.
                let count = Tensor::from_slice(&[group.rank() as i64]);
                assert!(group.sum(&count).unwrap());
                assert_eq!(count.int64_value(&[0]), (size * (size - 1) / 2) as i64);
            }
            assert!(group.lost().is_none());
        });
    }
}

#[test]
fn where_one_process_has_no_devices_all_go_through_memory() {
    for fails in [0, 1] {
        together(2, |mut group| {
            let is_here = group.rank() == fails;
            let api = if is_here { Err("there is none".into()) } else { Ok(api()) };
            let told = group.through(api, Device::Cpu).unwrap_err();
            let why = if is_here { "there is none" } else { "another process has failed" };
            assert_eq!(told, why);
            let sum = values(group.rank(), 0);
            assert!(group.sum(&sum).unwrap());
            assert_eq!(sum, total(2, 0));
        });
    }
    together(2, |mut group| assert_eq!(group.between_devices(Device::Cpu).unwrap(), None));
}

#[test]
fn a_process_that_ends_is_noticed_before_anyone_waits_for_its_sum() {
    let outcomes = together(2, |mut group| {
        group.through(Ok(api()), Device::Cpu).unwrap();
        let sum = values(group.rank(), 0);
        assert!(group.sum(&sum).unwrap());
        if group.rank() == 1 {
            return None;
        }
        let kept = values(0, 1);
        let done = group.sum(&kept).unwrap();
        QUEUED.set(None);
        assert_eq!(kept, values(0, 1), "what was there stays");
        Some((done, group.size(), group.lost().map(|error| error.to_string())))
    });
    let (done, size, lost) = outcomes[0].clone().unwrap();
    assert_eq!((done, size), (false, 1));
    assert!(lost.unwrap().contains("process 0 of 2 has lost another one"));
}

#[test]
fn a_device_that_fails_ends_the_connection_once() {
    let before = ABORTED.load(Ordering::Relaxed);
    together(2, |mut group| {
        // The devices never get to the sum.
        let queue = Queue { is_idle: |_| Ok(false), ..api().queue };
        group.through(Ok(Api { queue, fault: a_fault, ..api() }), Device::Cpu).unwrap();
        assert!(!group.sum(&values(group.rank(), 0)).unwrap());
        QUEUED.set(None);
        let lost = group.lost().unwrap();
        assert!(lost.to_string().contains("unhandled cuda error"), "{lost}");
        assert_eq!(lost.exit_code(), 75);
        assert!(!group.sum(&values(0, 1)).unwrap(), "nothing more is asked of it");
    });
    assert!(ABORTED.load(Ordering::Relaxed) >= before + 2);
}
