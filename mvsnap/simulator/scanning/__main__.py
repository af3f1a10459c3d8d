from mvsnap.simulator.scanning.command import main

if __name__ == "__main__":
    main()
