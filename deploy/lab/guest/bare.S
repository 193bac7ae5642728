# A guest without an operating system, which counts as `init` does: every number is on the disk
# before it is printed. It boots at once and asks for next to nothing, so that a machine with few
# processors measures MetaStack and not the boots of its guests.
#
# The BIOS does the disk: without an operating system that asks for a cache QEMU writes through, so
# what int 13h has written is synced. Ends by the ACPI power button.
#
# Symbols from outside: COUNTER_SECTOR, and TICKS of the BIOS's clock (18.2 a second) between two
# numbers. Its three
# sectors are loaded to 7c00h, the first by the BIOS, the others by the first; the last one is the record.

    .intel_syntax noprefix
    .code16
    .global start

    # Ports: COM1 (NS16550A), and ACPI's power management where SeaBIOS puts it on PIIX4 and ICH9.
    .set COM1, 0x3f8
    .set LINE_STATUS, COM1 + 5
    .set PM1_STATUS, 0x600
    .set PM1_ENABLE, 0x602
    .set PM1_CONTROL, 0x604
    .set POWER_BUTTON, 0x100
    .set SLEEP_S5, 0x2000

    .set DIGITS, 12

start:
    ljmp 0, offset begin
begin:
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, 0x7c00
    cld
    sti
    mov byte ptr ds:[drive], dl
    mov si, offset more
    mov ah, 0x42
    int 0x13
    jc begin
    jmp main

more:
    .byte 16, 0
    .word 2, 0x7e00, 0
    .quad 1

# COM1's byte in AL, once there is room for it.
put:
    mov ah, al
    mov dx, LINE_STATUS
1:  in al, dx
    test al, 0x20
    jz 1b
    mov al, ah
    mov dx, COM1
    out dx, al
    ret

# The text at SI, to its NUL.
say:
    lodsb
    test al, al
    jz 1f
    call put
    jmp say
1:  ret

# The text at SI, the number, and the line's end.
tell:
    call say
    mov si, offset number
    mov cx, DIGITS
1:  lodsb
    call put
    loop 1b
    mov si, offset line_end
    jmp say

drive:
    .byte 0

    .org 510
    .word 0xaa55

main:
    # 115200 baud, 8N1, FIFOs on.
    mov dx, COM1 + 1
    xor al, al
    out dx, al
    mov dx, COM1 + 3
    mov al, 0x80
    out dx, al
    mov dx, COM1
    mov al, 1
    out dx, al
    mov dx, COM1 + 1
    xor al, al
    out dx, al
    mov dx, COM1 + 3
    mov al, 3
    out dx, al
    mov dx, COM1 + 2
    mov al, 7
    out dx, al
    # QEMU shows the button's status only where its event is enabled.
    mov dx, PM1_ENABLE
    mov ax, POWER_BUTTON
    out dx, ax

    mov bx, 0x4200
    mov di, offset found
    call transfer
    jc main
    # A disk on which nobody has counted yet holds zeroes.
    mov si, offset record
    mov di, offset found
    mov cx, number - record
    repe cmpsb
    jne 1f
    mov si, di
    mov di, offset number
    mov cx, DIGITS
    rep movsb
1:  mov si, offset up
    call tell

count:
    mov si, offset number + DIGITS - 1
1:  inc byte ptr [si]
    cmp byte ptr [si], '9'
    jbe 2f
    mov byte ptr [si], '0'
    dec si
    jmp 1b
2:  mov bx, 0x4300
    mov di, offset record
    call transfer
    jnc 3f
    mov si, offset cannot
    call tell
    call rest
    jmp 2b
3:  mov si, offset counted
    call tell
    call rest
    jmp count

# Reads (BX 4200h) or writes (4300h) the counter's sector at DI. CF where it failed.
transfer:
    mov word ptr ds:[buffer], di
    mov ax, bx
    mov dl, byte ptr ds:[drive]
    mov si, offset sector
    int 0x13
    ret

# Waits for so many ticks, or leaves where the power button was pressed.
rest:
    mov bx, word ptr ds:[0x46c]
1:  mov dx, PM1_STATUS
    in ax, dx
    test ax, POWER_BUTTON
    jnz end
    hlt
    mov ax, word ptr ds:[0x46c]
    sub ax, bx
    cmp ax, TICKS
    jb 1b
    ret

end:
    mov si, offset down
    call say
    mov dx, LINE_STATUS
1:  in al, dx
    test al, 0x40
    jz 1b
    mov dx, PM1_CONTROL
    mov ax, SLEEP_S5
    out dx, ax
2:  hlt
    jmp 2b

# The disk address packet of int 13h's extensions.
sector:
    .byte 16, 0
    .word 1
buffer:
    .word 0, 0
    .quad COUNTER_SECTOR

up:
    .asciz "metastack-guest up counter="
counted:
    .asciz "counter="
cannot:
    .asciz "metastack-guest cannot write counter="
down:
    .asciz "metastack-guest down\r\n"
line_end:
    .asciz "\r\n"

    .org 1024
record:
    .ascii "metastack-counter "
number:
    .ascii "000000000000\n"
    .org 1536
found:
