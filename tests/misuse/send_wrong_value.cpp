// SPDX-License-Identifier: Apache-2.0
// says: weir: send(key, value): this makes no key or no value of the topic's types
#include <weir/weir.hpp>

#include <string>

struct order {
    std::string account;
    double amount = 0;
};

int main() {
    weir::app app{"a"};
    app.topic<order>("t").send("k", {"alice", "12.5"});
}
