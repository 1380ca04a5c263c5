using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace DemoVlp.Training.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class RunRecords : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "BestEpoch",
                table: "Runs",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "BestMetrics",
                table: "Runs",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<double>(
                name: "CpuSeconds",
                table: "Runs",
                type: "REAL",
                nullable: false,
                defaultValue: 0.0);

            migrationBuilder.AddColumn<string>(
                name: "Estimate",
                table: "Runs",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "LossTerms",
                table: "Runs",
                type: "TEXT",
                nullable: false,
                defaultValue: "both");

            migrationBuilder.AddColumn<string>(
                name: "Metrics",
                table: "Runs",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "ModelParameters",
                table: "Runs",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "Patience",
                table: "Runs",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Preparation",
                table: "Runs",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Record",
                table: "Runs",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "SkipsValidation",
                table: "Runs",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<double>(
                name: "StepWork",
                table: "Runs",
                type: "REAL",
                nullable: true);

            migrationBuilder.AddColumn<double>(
                name: "WallSeconds",
                table: "Runs",
                type: "REAL",
                nullable: false,
                defaultValue: 0.0);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "BestEpoch",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "BestMetrics",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "CpuSeconds",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Estimate",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "LossTerms",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Metrics",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "ModelParameters",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Patience",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Preparation",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "Record",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "SkipsValidation",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "StepWork",
                table: "Runs");

            migrationBuilder.DropColumn(
                name: "WallSeconds",
                table: "Runs");
        }
    }
}
