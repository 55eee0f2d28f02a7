//! How a replica reaches its source: the one list of transports, and what else a link is made of.

use std::fmt;
use std::net::Ipv4Addr;

use crate::dialect::{Dialect, not_applicable};

/// What lies between a replica and its source on the network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    Plain,
    Tls,
    Zlib,
    Zstd,
    TlsZlib,
    TlsZstd,
}

impl Transport {
    pub const ALL: [Transport; 6] = [
        Transport::Plain,
        Transport::Tls,
        Transport::Zlib,
        Transport::Zstd,
        Transport::TlsZlib,
        Transport::TlsZstd,
    ];

    /// Of the transports `wanted`, those over which this run's series is semi-sync. A test says by
    /// this which others it leaves out.
    pub fn semi_sync_among(wanted: &[Transport]) -> Vec<Transport> {
        let dialect = Dialect::of_run();
        let (has, lacks): (Vec<_>, Vec<_>) = wanted
            .iter()
            .partition(|transport| transport.is_semi_sync_on(&dialect));
        if !lacks.is_empty() {
            let lacks: Vec<String> = lacks.iter().map(Transport::to_string).collect();
            not_applicable(&format!("it is not semi-sync over {}", lacks.join("; ")));
        }
        has
    }

    fn has_tls(self) -> bool {
        matches!(
            self,
            Transport::Tls | Transport::TlsZlib | Transport::TlsZstd
        )
    }

    fn compression(self) -> Option<&'static str> {
        match self {
            Transport::Plain | Transport::Tls => None,
            Transport::Zlib | Transport::TlsZlib => Some("zlib"),
            Transport::Zstd | Transport::TlsZstd => Some("zstd"),
        }
    }

    /// Whether servers of a series can be linked so, and be semi-sync.
    pub fn is_semi_sync_on(self, dialect: &Dialect) -> bool {
        let compresses = self.compression() != Some("zstd") || dialect.has_compression_algorithms();
        compresses && (!self.has_tls() || dialect.acknowledges_over_tls())
    }

    /// A link over it, by auto-position.
    pub fn link(self) -> Link {
        let link = Link {
            tls: self.has_tls(),
            ..Link::default()
        };
        match self.compression() {
            Some(algorithm) => link.compression(algorithm),
            None => link,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Transport::Plain => "plain TCP",
            Transport::Tls => "TLS",
            Transport::Zlib => "zlib",
            Transport::Zstd => "zstd",
            Transport::TlsZlib => "TLS and zlib",
            Transport::TlsZstd => "TLS and zstd",
        })
    }
}

/// One link of a replica to its source.
#[derive(Clone, Debug)]
pub struct Link {
    /// The source's address; None: this machine.
    pub host: Option<Ipv4Addr>,
    /// Another port of 127.0.0.1 than the source's own: a proxy's.
    pub port: Option<u16>,
    /// GTID auto-position; else by file and position, from the first file on.
    pub auto_position: bool,
    pub tls: bool,
    /// "zlib", "zstd", ...: None is "uncompressed".
    pub compression: Option<String>,
    pub channel: String,
    /// In seconds; None: the server's default.
    pub heartbeat: Option<&'static str>,
}

impl Default for Link {
    fn default() -> Link {
        Link {
            host: None,
            port: None,
            auto_position: true,
            tls: false,
            compression: None,
            channel: String::new(),
            heartbeat: None,
        }
    }
}

impl Link {
    pub fn host(mut self, host: Ipv4Addr) -> Link {
        self.host = Some(host);
        self
    }

    pub fn port(mut self, port: u16) -> Link {
        self.port = Some(port);
        self
    }

    pub fn by_file_position(mut self) -> Link {
        self.auto_position = false;
        self
    }

    pub fn tls(mut self) -> Link {
        self.tls = true;
        self
    }

    pub fn compression(mut self, algorithm: &str) -> Link {
        self.compression = Some(algorithm.to_owned());
        self
    }

    /// The source sends a heartbeat after so many seconds without an event.
    pub fn heartbeat(mut self, seconds: &'static str) -> Link {
        self.heartbeat = Some(seconds);
        self
    }

    pub fn channel(mut self, name: &str) -> Link {
        self.channel = name.to_owned();
        self
    }
}
