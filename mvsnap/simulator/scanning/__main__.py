from mvsnap.simulator.scanning.command import main

main()
