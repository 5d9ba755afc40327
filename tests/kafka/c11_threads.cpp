// SPDX-License-Identifier: Apache-2.0
// librdkafka synchronises by C11's threads, and the thread sanitizer knows POSIX threads alone: it
// would see threads start that nobody made, and no lock held. So a program under it has these in
// front of glibc's, which are the same types and do the same.
#include <pthread.h>
#include <threads.h>

#include <cerrno>
#include <cstdint>

static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t) && sizeof(cnd_t) == sizeof(pthread_cond_t) &&
              sizeof(once_flag) == sizeof(pthread_once_t) && sizeof(thrd_t) == sizeof(pthread_t));

namespace {

pthread_mutex_t* posix(mtx_t* m) { return reinterpret_cast<pthread_mutex_t*>(m); }
pthread_cond_t* posix(cnd_t* c) { return reinterpret_cast<pthread_cond_t*>(c); }

int result(int error) {
    if (error == 0) return thrd_success;
    return error == ETIMEDOUT ? thrd_timedout : error == ENOMEM ? thrd_nomem : thrd_error;
}

struct start {
    thrd_start_t run;
    void* with;
};

void* begin(void* p) {
    const start s = *static_cast<start*>(p);
    delete static_cast<start*>(p);
    return reinterpret_cast<void*>(static_cast<std::intptr_t>(s.run(s.with)));
}

}  // namespace

extern "C" {

int thrd_create(thrd_t* made, thrd_start_t run, void* with) {
    auto* s = new start{run, with};
    const int error = pthread_create(made, nullptr, begin, s);
    if (error) delete s;
    return result(error);
}
int thrd_join(thrd_t t, int* ended) {
    void* p = nullptr;
    const int error = pthread_join(t, &p);
    if (!error && ended) *ended = static_cast<int>(reinterpret_cast<std::intptr_t>(p));
    return result(error);
}
thrd_t thrd_current() { return pthread_self(); }

int mtx_init(mtx_t* m, int type) {
    pthread_mutexattr_t how;
    pthread_mutexattr_init(&how);
    if (type & mtx_recursive) pthread_mutexattr_settype(&how, PTHREAD_MUTEX_RECURSIVE);
    const int error = pthread_mutex_init(posix(m), &how);
    pthread_mutexattr_destroy(&how);
    return result(error);
}
void mtx_destroy(mtx_t* m) { pthread_mutex_destroy(posix(m)); }
int mtx_lock(mtx_t* m) { return result(pthread_mutex_lock(posix(m))); }
int mtx_unlock(mtx_t* m) { return result(pthread_mutex_unlock(posix(m))); }
int mtx_trylock(mtx_t* m) {
    const int error = pthread_mutex_trylock(posix(m));
    return error == EBUSY ? static_cast<int>(thrd_busy) : result(error);
}

int cnd_init(cnd_t* c) { return result(pthread_cond_init(posix(c), nullptr)); }
void cnd_destroy(cnd_t* c) { pthread_cond_destroy(posix(c)); }
int cnd_signal(cnd_t* c) { return result(pthread_cond_signal(posix(c))); }
int cnd_broadcast(cnd_t* c) { return result(pthread_cond_broadcast(posix(c))); }
int cnd_wait(cnd_t* c, mtx_t* m) { return result(pthread_cond_wait(posix(c), posix(m))); }
int cnd_timedwait(cnd_t* c, mtx_t* m, const timespec* end) {
    return result(pthread_cond_timedwait(posix(c), posix(m), end));
}

void call_once(once_flag* once, void (*f)()) {
    pthread_once(reinterpret_cast<pthread_once_t*>(once), f);
}

}  // extern "C"
