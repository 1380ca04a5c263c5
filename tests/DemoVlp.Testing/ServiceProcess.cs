using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace DemoVlp.Testing;

/// <summary>A built host (a service, the gateway, the standalone system) running as a process of its own, so that it can be killed.</summary>
public sealed class ServiceProcess : IAsyncDisposable
{
    private const int SigTerm = 15, SigKill = 9;
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };
    private readonly string project;
    private readonly IReadOnlyDictionary<string, string> environment;
    private readonly ConcurrentQueue<string> log = new();
    private Process process;

    private ServiceProcess(string project, IReadOnlyDictionary<string, string> environment)
    {
        (this.project, this.environment) = (project, environment);
        Address = new Uri($"http://127.0.0.1:{FreePort.Next()}/");
        process = Launch();
    }

    /// <summary>Where it listens; the same after a restart.</summary>
    public Uri Address { get; }

    /// <summary>Its process id.</summary>
    public int Id => process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => process.HasExited;

    /// <summary>All it has written to standard output and error so far, all its lives together.</summary>
    public string Log => string.Join('\n', log);

    /// <summary>Starts the host and waits until <c>/health/ready</c> answers 200.</summary>
    /// <param name="project">Its project's name, such as <c>DemoVlp.Catalog</c>. It must have been built in the configuration of the tests.</param>
    /// <param name="environment">Configuration as environment variables: <c>Bus__Transport</c> and so on.</param>
    /// <param name="cancellationToken">The test's token.</param>
    /// <exception cref="InvalidOperationException">It ended at once, or did not become ready; the message has its log.</exception>
    public static async Task<ServiceProcess> StartAsync(string project, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken)
    {
        var service = new ServiceProcess(project, environment);
        try
        {
            await service.ReadyAsync(cancellationToken);
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs the host to its end, such as with the argument <c>migrate</c>.</summary>
    /// <returns>What it wrote.</returns>
    /// <exception cref="InvalidOperationException">It ended with another code than 0.</exception>
    public static async Task<string> RunAsync(
        string project, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken, params string[] arguments)
    {
        var log = new ConcurrentQueue<string>();
        using var process = Start(project, environment, log, arguments);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        var written = string.Join('\n', log);
        return process.ExitCode == 0 ? written
            : throw new InvalidOperationException($"{project} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{written}");
    }

    /// <summary>Kills it as a crash would: at once, its child processes left alone.</summary>
    public async Task Kill9Async(CancellationToken cancellationToken)
    {
        Signal(SigKill);
        await process.WaitForExitAsync(cancellationToken);
    }

    /// <summary>Asks it to stop (SIGTERM) and waits until it has.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> StopAsync(CancellationToken cancellationToken)
    {
        Signal(SigTerm);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode;
    }

    /// <summary>Starts it again, after <see cref="Kill9Async"/> or <see cref="StopAsync"/>, at the same address, and waits until it is ready.</summary>
    public async Task StartAgainAsync(CancellationToken cancellationToken)
    {
        if (!process.HasExited) throw new InvalidOperationException($"{project} is still running.");
        process.Dispose();
        process = Launch();
        await ReadyAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync(CancellationToken.None);
        process.Dispose();
    }

    private async Task ReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Eventually.TrueAsync($"{project} is ready", async token =>
            {
                if (process.HasExited) throw new InvalidOperationException($"{project} ended with {process.ExitCode} while starting:\n{Log}");
                using var answer = await Http.GetAsync(new Uri(Address, "health/ready"), token);
                return answer.IsSuccessStatusCode;
            }, cancellationToken, TimeSpan.FromSeconds(120));
        }
        catch (TimeoutException e)
        {
            throw new InvalidOperationException($"{project} did not become ready:\n{Log}", e);
        }
    }

    private Process Launch() =>
        Start(project, new Dictionary<string, string>(environment) { ["ASPNETCORE_URLS"] = Address.ToString() }, log, []);

    private static Process Start(string project, IReadOnlyDictionary<string, string> environment, ConcurrentQueue<string> log, string[] arguments)
    {
        // artifacts/bin/<project>/<configuration>: the tests' own folder tells the configuration.
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        var program = Path.Combine(own.Parent!.Parent!.FullName, project, own.Name, project);
        if (!File.Exists(program)) throw new InvalidOperationException($"{project} is not built ({program}): build the solution first.");

        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;

        void Keep(string? line)
        {
            if (line is not null) log.Enqueue(line);
        }
    }

    private void Signal(int signal)
    {
        if (!process.HasExited && SendSignal(process.Id, signal) != 0) throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int processId, int signal);
}
