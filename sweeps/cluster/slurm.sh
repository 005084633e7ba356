#!/usr/bin/env bash
# A sweep on Slurm: Ray on all nodes of the job, with its head on the first one, and the launcher.
#   sbatch --nodes=4 sweeps/cluster/slurm.sh sweeps/paper.yaml /shared/results/paper [options of rdsweep run]
#SBATCH --job-name=rdsweep
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --gpus-per-node=1
#SBATCH --time=08:00:00
#SBATCH --requeue
# Two minutes before its end, or at a preemption, the job is asked to stop, and checkpoints its packs.
#SBATCH --signal=B:TERM@120
set -euo pipefail

(($# >= 2)) || { echo "usage: sbatch slurm.sh SWEEP RESULTS [OPTION]..." >&2; exit 2; }
sweep=$1 results=$2
shift 2

# The environment with the package: the one that was active at sbatch, or another one.
environment=${RDSWEEP_ENV:-${VIRTUAL_ENV:-${CONDA_PREFIX:-$PWD/.venv}}}
if [[ -f $environment/bin/activate ]]; then
  source "$environment/bin/activate"
else
  PATH=$environment/bin:$PATH
fi
command -v rdsweep >/dev/null || { echo "slurm.sh: no rdsweep in $environment; set RDSWEEP_ENV" >&2; exit 2; }

# Nobody without the token can run code on the nodes. It lies where only you can read it, on all nodes.
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=$HOME/.rdsweep/ray-token-$SLURM_JOB_ID
(umask 077 && mkdir -p "$HOME/.rdsweep" && od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$RAY_AUTH_TOKEN_PATH")

read -r head < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
address=$head:$((20000 + SLURM_JOB_ID % 10000)) # jobs that share a node must not share a port
cpus=${SLURM_CPUS_PER_TASK:-1} gpus=${SLURM_GPUS_ON_NODE:-0} nodes=$SLURM_JOB_NUM_NODES
steps=()
finish() {
  kill "${steps[@]}" 2>/dev/null || true
  wait "${steps[@]}" 2>/dev/null || true
  rm -f "$RAY_AUTH_TOKEN_PATH"
}
trap finish EXIT

start() { # NODES OPTION_OF_SRUN OPTION_OF_RAY...
  srun --overlap --nodes="$1" --ntasks="$1" "$2" ray start "${@:3}" --block --num-cpus="$cpus" --num-gpus="$gpus" &
  steps+=($!)
}
start 1 --nodelist="$head" --head --port="${address#*:}" --include-dashboard=false
until ray health-check --address="$address" 2>/dev/null; do sleep 2; done
((nodes == 1)) || start $((nodes - 1)) --exclude="$head" --address="$address"

# The number of workers is given, because the launcher may come before the last node.
if ((gpus)); then on=(--device cuda --workers $((nodes * gpus))); else on=(--device cpu --workers $((nodes * cpus))); fi
rdsweep run "$sweep" --results "$results" --address "$address" "${on[@]}" "$@" &
launcher=$! stopping=
trap 'stopping=yes; kill -TERM "$launcher"' TERM
code=0
wait "$launcher" || code=$?
if [[ $stopping ]]; then # the signal ended `wait`, not yet the launcher
  code=0
  wait "$launcher" || code=$?
fi
((code != 143)) || scontrol requeue "$SLURM_JOB_ID"
exit "$code"
