/*
  NET: packets, in every series. The declarations of Vio come before. From MySQL 8.0 on three
  members that the plugins leave alone are no longer there: net.h defines NET_WITHOUT_LUMPS.
*/
#pragma once

typedef struct NET {
  Vio *vio;
  unsigned char *buff;
  unsigned char *buff_end;
  unsigned char *write_pos;
  unsigned char *read_pos;
  int fd;
  unsigned long remain_in_buf;
  unsigned long length;
  unsigned long buf_length;
  unsigned long where_b;
  unsigned long max_packet;
  unsigned long max_packet_size;
  unsigned int pkt_nr;
  unsigned int compress_pkt_nr;
  unsigned int write_timeout;
  unsigned int read_timeout;
  unsigned int retry_count;
  int fcntl;
  unsigned int *return_status;
  unsigned char reading_or_writing;
  unsigned char save_char;
#ifdef NET_WITHOUT_LUMPS
  bool compress;
#else
  char lump_of_flags[2];
  bool compress;
  void *lump;
#endif
  unsigned int last_errno;
  unsigned char error;
#ifndef NET_WITHOUT_LUMPS
  char lump_of_more_flags[2];
#endif
  char last_error[512];
  char sqlstate[6];
  void *extension; /* in the server from 8.0 on: NET_SERVER */
} NET;

/* A client connection of the server (a replica's to its source). */
typedef struct MYSQL {
  NET net;
} MYSQL;
