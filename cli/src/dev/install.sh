# Installs the packages named as arguments, for their programs only: no default PostgreSQL cluster is made and no
# service is started. Both refusals are taken back at the end.
set -eu
export DEBIAN_FRONTEND=noninteractive

refuse_services=/usr/sbin/policy-rc.d
refuse_cluster=/etc/postgresql-common/createcluster.d/arrivage.conf
made=$refuse_cluster
trap 'rm -f $made' EXIT

mkdir -p "$(dirname "$refuse_cluster")"
echo 'create_main_cluster = false' >"$refuse_cluster"
if [ ! -e "$refuse_services" ]; then
    made="$made $refuse_services"
    printf '#!/bin/sh\nexit 101\n' >"$refuse_services"
    chmod 755 "$refuse_services"
fi

apt-get -q -o DPkg::Lock::Timeout=120 update
apt-get -q -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@"
