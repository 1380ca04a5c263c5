using DemoVlp.Catalog;
using DemoVlp.QueryAnswering;
using DemoVlp.Training;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace DemoVlp.Shared.Tests.Database;

/// <summary>A changed entity without a migration would be noticed first by somebody's upgrade.</summary>
public sealed class MigrationsTests
{
    [Theory]
    [InlineData(typeof(CatalogModule))]
    [InlineData(typeof(TrainingModule))]
    [InlineData(typeof(QueryAnsweringModule))]
    public void Model_OfEachProvider_IsWhatItsMigrationsMake(Type module)
    {
        var factories = module.Assembly.GetTypes().Where(type => ContextOf(type) is not null).ToArray();
        Assert.Equal(2, factories.Length);
        Assert.All(factories, factory =>
        {
            using var context = (DbContext)factory.GetMethod(nameof(IDesignTimeDbContextFactory<>.CreateDbContext))!
                .Invoke(Activator.CreateInstance(factory), [Array.Empty<string>()])!;
            Assert.False(context.Database.HasPendingModelChanges(),
                $"{context.GetType().Name} has changed without a migration: run infra/ef-migrate.sh {module.Namespace!.Split('.')[^1]} <Name>.");
        });
    }

    private static Type? ContextOf(Type factory) => factory.GetInterfaces()
        .FirstOrDefault(type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IDesignTimeDbContextFactory<>))?.GenericTypeArguments[0];
}
